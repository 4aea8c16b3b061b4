import { describe, expect, it } from 'vitest'

import { levelsOf } from './levels'

describe('levels of a recording', () => {
  it('tell the sides apart: who spoke first is high in the left half of the left channel', () => {
    const { seconds, channels } = levelsOf({ seconds: 4, left: [200, 255, 0, 0], right: [0, 0, 255, 128] })
    expect(seconds).toBe(4)
    const [caller, agent] = channels
    expect(caller[1]).toBe(1)
    expect(Math.min(caller[0] ?? 0, agent[3] ?? 0)).toBeGreaterThan(0.8)
    expect([caller[2], caller[3], agent[0], agent[1]]).toEqual([0, 0, 0, 0])
  })

  it('rise with the loudness, and quiet speech is seen', () => {
    const [levels] = levelsOf({ seconds: 1, left: [0, 1, 2, 8, 30, 100, 255], right: [] }).channels
    expect([...levels].sort((a, b) => a - b)).toEqual(levels)
    expect(levels[1]).toBe(0)
    expect(levels[3]).toBeGreaterThan(0.25)
  })

  it('of nothing are nothing', () => {
    expect(levelsOf({ seconds: 0, left: [], right: [] }).channels).toEqual([[], []])
  })
})
