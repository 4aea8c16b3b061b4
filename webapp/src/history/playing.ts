/** The arithmetic of the player: what part of a recording is shown, where it jumps to, and who is heard. Pure. */

export interface Span {
  begin: number
  end: number
}

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3] as const

export function faster(speed: number, steps: number): number {
  const now = SPEEDS.findIndex((rate) => rate === speed)
  return SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (now < 0 ? 2 : now) + steps))] ?? 1
}

// ---- what is shown --------------------------------------------------------------------------------

/** Seconds that are shown at least. */
export const LEAST_SHOWN = 5

export const whole = (seconds: number): Span => ({ begin: 0, end: seconds })
export const lengthOf = (span: Span): number => span.end - span.begin

/** A part of that length around a moment, within the recording. */
function around(seconds: number, length: number, moment: number, share: number): Span {
  const long = Math.min(seconds, Math.max(Math.min(LEAST_SHOWN, seconds), length))
  const begin = Math.max(0, Math.min(seconds - long, moment - share * long))
  return { begin, end: begin + long }
}

/** factor: 2 shows half as much. The moment stays where it stands in the picture. */
export function zoomed(shown: Span, seconds: number, factor: number, moment: number): Span {
  const share = lengthOf(shown) > 0 ? Math.max(0, Math.min(1, (moment - shown.begin) / lengthOf(shown))) : 0
  const inside = Math.max(shown.begin, Math.min(shown.end, moment))
  return around(seconds, lengthOf(shown) / factor, inside, share)
}

/** The picture moves on by whole pages with what is played; what is inside is not moved. */
export function followed(shown: Span, seconds: number, position: number): Span {
  if (position >= shown.begin && position < shown.end) return shown
  if (position >= seconds && shown.end >= seconds) return shown
  return around(seconds, lengthOf(shown), position, 0.05)
}

/** 0 to 100, for CSS; null: it is not in the picture. */
export function percent(shown: Span, second: number): number | null {
  const long = lengthOf(shown)
  if (long <= 0 || second < shown.begin || second > shown.end) return null
  return (100 * (second - shown.begin)) / long
}

export const momentAt = (shown: Span, share: number): number => shown.begin + Math.max(0, Math.min(1, share)) * lengthOf(shown)

/** The part of a span that is in the picture: left and width, 0 to 100. */
export function within(shown: Span, span: Span): { left: number; width: number } | null {
  const begin = Math.max(shown.begin, span.begin)
  const end = Math.min(shown.end, span.end)
  const long = lengthOf(shown)
  if (long <= 0 || end <= begin) return null
  return { left: (100 * (begin - shown.begin)) / long, width: (100 * (end - begin)) / long }
}

// ---- jumping over silence -------------------------------------------------------------------------

/** Seconds of a silence that stay at each of its ends: words are not cut. */
export const KEPT = 0.3

/** Silences and pauses as one list, in their order, without overlaps. */
export function quietOf(silences: readonly Span[], pauses: readonly Span[]): Span[] {
  const found: Span[] = []
  for (const span of [...silences, ...pauses].sort((a, b) => a.begin - b.begin)) {
    const last = found.at(-1)
    if (last && span.begin <= last.end) last.end = Math.max(last.end, span.end)
    else found.push({ ...span })
  }
  return found
}

/** Where to go on from this moment; null: something is said here. The last silence of all ends the playing. */
export function jumpFrom(quiet: readonly Span[], position: number, seconds: number): number | null {
  const here = quiet.find((span) => position >= span.begin + (span.begin > 0 ? KEPT : 0) && position < span.end - KEPT)
  if (!here) return null
  return here.end >= seconds ? seconds : here.end - KEPT
}

/** Seconds that are saved by all jumps. */
export function saved(quiet: readonly Span[], seconds: number): number {
  return quiet.reduce((sum, { begin, end }) => {
    const from = begin > 0 ? begin + KEPT : begin
    const to = end >= seconds ? seconds : end - KEPT
    return sum + Math.max(0, to - from)
  }, 0)
}

// ---- who is heard ---------------------------------------------------------------------------------

export type Channel = 'left' | 'right'
export interface Heard {
  muted: boolean
  solo: boolean
}

/** Is that side heard? Solo of any side silences those without it. */
export function isHeard(sides: Record<Channel, Heard>, channel: Channel): boolean {
  const anySolo = sides.left.solo || sides.right.solo
  return !sides[channel].muted && (!anySolo || sides[channel].solo)
}

/** One side alone is led to both ears; both stay each in its own. */
export function earsOf(sides: Record<Channel, Heard>, channel: Channel): readonly (0 | 1)[] {
  if (!isHeard(sides, channel)) return []
  const other = channel === 'left' ? 'right' : 'left'
  if (!isHeard(sides, other)) return [0, 1]
  return channel === 'left' ? [0] : [1]
}
