/** How loud each side of a recording is over its time, for the eye: who spoke when is seen before it is heard. Pure. */
import type { Peaks } from '../model'

export interface Levels {
  /** Seconds of sound. */
  seconds: number
  /** For each channel (left, right) and column 0..1, on a scale of decibels. */
  channels: [number[], number[]]
}

/** What is quieter is silence to the eye, in decibels below full scale. One step of a peak is at -48. */
const FLOOR = -42
const FULL = 255

function height(peak: number): number {
  if (peak <= 0) return 0
  return Math.max(0, Math.min(1, 1 - (20 * Math.log10(peak / FULL)) / FLOOR))
}

export function levelsOf(peaks: Peaks): Levels {
  return { seconds: peaks.seconds, channels: [peaks.left.map(height), peaks.right.map(height)] }
}
