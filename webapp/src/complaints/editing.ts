/** A workflow as an administrator edits it: handing up as one line of text, faults by their place. Pure. */
import type { Move, Step } from './model'

export interface Escalation {
  minutes: number
  to: string
}

/** "0:leaders 480:manager" */
export function escalationText(escalations: readonly Escalation[]): string {
  return escalations.map(({ minutes, to }) => `${minutes}:${to}`).join(' ')
}

/** null: it cannot be read so. */
export function readEscalations(text: string): Escalation[] | null {
  const found: Escalation[] = []
  for (const word of text.split(/[\s,，]+/).filter(Boolean)) {
    const known = /^(\d{1,6})[:：](.+)$/.exec(word)
    if (!known) return null
    found.push({ minutes: Number(known[1]), to: known[2] ?? '' })
  }
  return found
}

export const newStep = (code: string): Step => ({
  code,
  chinese: '',
  english: '',
  who: 'maker',
  limit: 60,
  warn: 10,
  escalations: [],
  corrects: false,
  answers: false,
  moves: [],
})

export const newMove = (to: string): Move => ({
  code: '',
  chinese: '',
  english: '',
  to,
  needs: [],
  also: [],
  stands: null,
  answered: false,
  reopens: false,
})

/** What the server says of one step, by "steps.2.limit" and "steps.2.moves.0.to": one line each. */
export function faultsOf(faults: Record<string, string>, step: number): string[] {
  return Object.entries(faults)
    .filter(([where]) => where.startsWith(`steps.${step}.`))
    .map(([where, why]) => `${where.slice(`steps.${step}.`.length)}: ${why}`)
}
