import { describe, expect, it } from 'vitest'

import { levelsOf } from './levels'

const text = (letters: string): number[] => [...letters].map((letter) => letter.charCodeAt(0))
const le = (value: number, octets: number): number[] =>
  Array.from({ length: octets }, (_, n) => Math.floor(value / 256 ** n) & 0xff)

/** A WAV file: what stands before the data as RIFF wants it, and the samples. */
function wav(
  format: number,
  width: number,
  samples: number[],
  { size = samples.length, before = [] as number[] } = {},
): ArrayBuffer {
  const fmt = [
    ...text('fmt '),
    ...le(16, 4),
    ...le(format, 2),
    ...le(2, 2),
    ...le(8000, 4),
    ...le(16000 * width, 4),
    ...le(2 * width, 2),
    ...le(8 * width, 2),
  ]
  const octets = [
    ...text('RIFF'),
    ...le(36 + size, 4),
    ...text('WAVE'),
    ...before,
    ...fmt,
    ...text('data'),
    ...le(size, 4),
    ...samples,
  ]
  return new Uint8Array(octets).buffer
}
const LOUD = 0x2a // A-law: the largest there is (0x7f ^ 0x55)
const SILENT = 0xd5

describe('levels of a recording', () => {
  it('tell the sides apart: who spoke first is loud in the left half of the left channel', () => {
    const first = Array.from({ length: 4000 }, () => [LOUD, SILENT]).flat()
    const second = Array.from({ length: 4000 }, () => [SILENT, LOUD]).flat()
    const levels = levelsOf(wav(6, 1, [...first, ...second]), 4)
    expect(levels?.seconds).toBe(1)
    const [caller, agent] = levels?.channels ?? []
    expect(Math.min(caller?.[0] ?? 0, caller?.[1] ?? 0, agent?.[2] ?? 0, agent?.[3] ?? 0)).toBeGreaterThan(0.95)
    expect(Math.max(caller?.[2] ?? 1, caller?.[3] ?? 1, agent?.[0] ?? 1, agent?.[1] ?? 1)).toBe(0)
  })

  it('read µ-law and PCM as well', () => {
    const muLaw = levelsOf(wav(7, 1, Array.from({ length: 800 }, () => [0x80, 0xff]).flat()), 1)
    expect(muLaw?.channels[0]?.[0]).toBeGreaterThan(0.95)
    expect(muLaw?.channels[1]?.[0]).toBe(0)
    const pcm = levelsOf(wav(1, 2, Array.from({ length: 800 }, () => [0xff, 0x7f, 0, 0]).flat()), 1)
    expect(pcm?.channels[0]?.[0]).toBeGreaterThan(0.99)
    expect(pcm?.channels[1]?.[0]).toBe(0)
  })

  it('go as far as a file goes that was cut off, and over chunks that they do not know', () => {
    const samples = Array.from({ length: 8000 }, () => [LOUD, LOUD]).flat()
    const cut = wav(6, 1, samples, { size: 1_000_000, before: [...text('LIST'), ...le(3, 4), 1, 2, 3, 0] })
    expect(levelsOf(cut, 10)?.seconds).toBe(1)
    expect(Math.min(...(levelsOf(cut, 10)?.channels[1] ?? [0]))).toBeGreaterThan(0.95)
  })

  it('are none for what is no such file', () => {
    expect(levelsOf(new Uint8Array(text('OggS............................')).buffer, 10)).toBeNull()
    expect(levelsOf(new ArrayBuffer(0), 10)).toBeNull()
    expect(levelsOf(wav(85, 1, [1, 2, 3, 4]), 10)).toBeNull()
    expect(levelsOf(wav(6, 1, []), 3)?.channels[0]).toEqual(new Float32Array(3))
  })
})
