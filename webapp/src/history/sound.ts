/** What the figures of a call's sound mean. The grades are those of ITU-T G.109, by MOS. */
import type { LegSound } from '../model'

export type Grade = 'good' | 'fair' | 'poor'
/** From EASY on most are satisfied; below ANNOYING many are not. */
export const EASY = 4.0
export const ANNOYING = 3.6

export function gradeOf(mos: number): Grade {
  return mos >= EASY ? 'good' : mos >= ANNOYING ? 'fair' : 'poor'
}

/** One way of one leg: what came from its phone, or what went there. null: not known. */
export interface Way {
  leg: number
  from: boolean
  side: LegSound['side']
  number: string
  codec: string
  loss: number | null
  jitter: number | null
  trip: number | null
  talk: number | null
  mos: number | null
}

const CODECS: Record<string, string> = { PCMA: 'G.711 A', PCMU: 'G.711 µ', G722: 'G.722', opus: 'Opus', G729: 'G.729' }

/** Both ways of each leg, those of which anything is known: few phones tell how they hear. */
export function waysOf(sounds: LegSound[]): Way[] {
  return sounds.flatMap((sound) => {
    const whose = {
      leg: sound.leg,
      side: sound.side,
      number: sound.number,
      codec: CODECS[sound.codec] ?? sound.codec,
      trip: sound.round_trip_ms,
    }
    const gone = sound.lost + sound.late
    const expected = sound.received + sound.lost
    const from: Way = {
      ...whose,
      from: true,
      loss: expected > 0 ? gone / expected : null,
      jitter: sound.received > 0 ? sound.jitter_ms : null,
      talk: sound.together_seconds > 0 ? sound.talk_seconds / sound.together_seconds : null,
      mos: sound.mos,
    }
    const there: Way = {
      ...whose,
      from: false,
      loss: sound.lost_there === null || sound.sent === 0 ? null : sound.lost_there / sound.sent,
      jitter: sound.jitter_there_ms,
      talk: null,
      mos: sound.mos_there,
    }
    return [from, there].filter((way) => way.loss !== null)
  })
}

/** 0 and what is nearly 0 are not the same to who looks for a fault. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0 %'
  return value < 0.1 ? '< 0.1 %' : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`
}
