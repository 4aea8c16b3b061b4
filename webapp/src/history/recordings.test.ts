import { describe, expect, it } from 'vitest'

import { otherRecordings } from './recordings'

const started = (recording: string, beside = false) => ({
  at: `2026-11-26T10:00:0${recording}Z`,
  kind: 'recording.started',
  details: { recording, path: 'x', beside },
})
const finished = (recording: string, seconds = 2) => ({
  at: '2026-11-26T10:01:00Z',
  kind: 'recording.finished',
  details: { recording, seconds },
})

describe('recordings of a call beside the one it names', () => {
  it('are those that are whole, in their order', () => {
    const story = [started('1'), started('2'), finished('2'), finished('1'), started('3'), finished('3')]
    expect(otherRecordings(story, '3')).toEqual([
      { recording: '1', at: '2026-11-26T10:00:01Z' },
      { recording: '2', at: '2026-11-26T10:00:02Z' },
    ])
  })
  it('are not what is empty, not closed yet, or spoken beside the call', () => {
    const story = [started('1'), finished('1', 0), started('2'), started('4', true), finished('4'), started('3'), finished('3')]
    expect(otherRecordings(story, '3')).toEqual([])
  })
  it('are not what somebody has removed', () => {
    const removed = { at: '2026-11-27T10:00:00Z', kind: 'recording.removed', details: { recording: '1', by: 'chief', why: 'x' } }
    const story = [started('1'), finished('1'), started('2'), finished('2'), removed]
    expect(otherRecordings(story, null).map((one) => one.recording)).toEqual(['2'])
  })
})
