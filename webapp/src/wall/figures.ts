/** The figures above the live page, counted from what the page knows. Pure. */
import type { Agent, Line, QueueNow } from '../model'

export interface Figures {
  signedIn: number
  ready: number
  talking: number
  onBreak: number
  waiting: number
  longestSince: string | null
  lines: number
}

export function figuresOf(agents: readonly Agent[], queues: readonly QueueNow[], lines: readonly Line[]): Figures {
  const count = (...states: Agent['state'][]): number => agents.filter((agent) => states.includes(agent.state)).length
  const longest = queues.map((queue) => queue.longest_since).filter((since) => since !== null)
  return {
    signedIn: agents.length - count('signed_out'),
    ready: count('ready'),
    talking: count('talking'),
    onBreak: count('break', 'unreachable'),
    waiting: new Set(queues.flatMap((queue) => queue.waiting.map((caller) => caller.call))).size,
    longestSince: longest.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null,
    lines: lines.length,
  }
}

/** Who needs an eye first: in a call or ringing, free, away, gone; among them by login. */
const ORDER: readonly Agent['state'][] = [
  'offered',
  'talking',
  'wrap_up',
  'ready',
  'unreachable',
  'break',
  'signed_out',
]

export function inOrder(agents: readonly Agent[], onlyPresent: boolean): Agent[] {
  return agents
    .filter((agent) => !onlyPresent || agent.state !== 'signed_out')
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.login < b.login ? -1 : 1))
}
