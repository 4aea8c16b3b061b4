/** What is too much: by colour and sign, and never by colour alone. Pure. */
import { secondsSince } from '../durations'
import type { Agent, HalfHour, QueueNow } from '../model'
import type { Limits, ThresholdName, Thresholds } from './model'

export type Mark = '' | 'warn' | 'alarm'
export type Judge = (name: ThresholdName, value: number | null, queue?: string) => Mark

/** A queue's own limits count before the office's; null says that it never warns. */
export function judgeOf(known: readonly Thresholds[]): Judge {
  const office: Limits = known.find((one) => one.queue === null)?.limits ?? {}
  const own = new Map(known.map((one) => [one.queue, one.limits]))
  return (name, value, queue) => {
    const mine = queue === undefined ? undefined : own.get(queue)?.[name]
    const limit = mine === undefined ? office[name] : mine
    if (value === null || !limit) return ''
    const over = name === 'service_level' ? (edge: number) => value < edge : (edge: number) => value >= edge
    return over(limit.alarm) ? 'alarm' : over(limit.warn) ? 'warn' : ''
  }
}

const OF_STATES: Partial<Record<Agent['state'], ThresholdName>> = { talking: 'talk', break: 'break', wrap_up: 'wrap_up' }

/** Is the agent too long in this state? now: milliseconds of the server's clock. */
export function agentMark(agent: Agent, judge: Judge, now: number): Mark {
  const name = OF_STATES[agent.state]
  return name ? judge(name, secondsSince(agent.since, now)) : ''
}

export interface QueueMarks {
  waiting: Mark
  longest: Mark
  service: Mark
}

export function queueMarks(queue: QueueNow, judge: Judge, now: number): QueueMarks {
  const waited = queue.longest_since ? secondsSince(queue.longest_since, now) : 0
  return {
    waiting: judge('waiting', queue.waiting.length, queue.name),
    longest: queue.waiting.length ? judge('longest', waited, queue.name) : '',
    service: judge('service_level', queue.today.service_level, queue.name),
  }
}

/** 0.8333 → "83%"; nothing to divide by: "–". */
export function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)}%`
}

/** The half hours from the first to the last in which somebody called, empty ones between them too. */
export function filled(halves: readonly HalfHour[]): HalfHour[] {
  const known = new Map(halves.map((half) => [Date.parse(half.at), half]))
  const times = [...known.keys()].sort((a, b) => a - b)
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined) return []
  const found: HalfHour[] = []
  for (let at = first; at <= last; at += 1_800_000) {
    const empty = { queue: halves[0]?.queue ?? null, inbound: 0, outbound: 0, answered: 0, abandoned: 0 }
    found.push(known.get(at) ?? { at: new Date(at).toISOString(), ...empty })
  }
  return found
}
