import { describe, expect, it } from 'vitest'

import { isUnderWay, lengthAsked, lineOf, linkState, notesWith, progressOf } from './model'

describe('recordings', () => {
  it('are of the other party: who called the office, or whom it called', () => {
    expect(lineOf({ direction: 'inbound', caller: '1', called: '2' })).toBe('1')
    expect(lineOf({ direction: 'outbound', caller: '1', called: '2' })).toBe('2')
  })

  it('are asked for by their length in seconds; a length that is none is not asked for', () => {
    expect(lengthAsked('middle')).toEqual({ least: 30, most: 180 })
    expect(lengthAsked('longest')).toEqual({ least: 600 })
    expect(lengthAsked('')).toEqual({})
    expect(lengthAsked('toString')).toEqual({})
  })

  it('have links that end by time, by plays and by who takes them back', () => {
    const link = { revoked_at: null, expires_at: '2026-11-27T10:00:00Z', plays: 0, most_plays: 1 }
    const now = Date.parse('2026-11-27T09:00:00Z')
    expect(linkState(link, now)).toBe('open')
    expect(linkState(link, now + 3_600_000)).toBe('expired')
    expect(linkState({ ...link, plays: 1 }, now)).toBe('used')
    expect(linkState({ ...link, revoked_at: '2026-11-27T08:00:00Z' }, now)).toBe('revoked')
  })

  it('are taken away many at once, and it is said how far that is', () => {
    expect(progressOf({ done: 49, missing: 1, total: 200 })).toBe(25)
    expect(progressOf({ done: 0, missing: 0, total: 0 })).toBe(0)
    expect(['waiting', 'running', 'done', 'failed', 'expired'].filter((state) => isUnderWay({ state: state as 'done' }))).toEqual(['waiting', 'running'])
  })

  it('have notes that are found by all their words', () => {
    const notes = [{ text: '客户发火 Refund' }, { text: 'refund agreed' }]
    expect(notesWith(notes, 'REFUND')).toEqual(notes)
    expect(notesWith(notes, ' refund 发火')).toEqual([notes[0]])
    expect(notesWith(notes, '')).toEqual(notes)
  })
})
