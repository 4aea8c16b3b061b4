import { computed } from 'vue'
import { describe, expect, it } from 'vitest'

import { backOff, Feed } from './feed'

const snapshot = (seq: number, topics: Record<string, unknown>) => ({ type: 'live.snapshot', data: { seq, topics } })
const changed = (seq: number, changes: Record<string, unknown>) => ({ type: 'live.changed', data: { seq, changes } })

describe('the feed', () => {
  it('keeps the snapshot and then each difference in its turn', () => {
    const feed = new Feed()
    expect(feed.receive(snapshot(4, { 'agents/1': { state: 'ready' }, 'agents/2': { state: 'break' } }))).toBe('kept')
    expect(feed.receive(changed(5, { 'agents/1': { state: 'talking' }, 'agents/2': null }))).toBe('kept')
    expect(feed.under('agents/')).toEqual([{ state: 'talking' }])
  })

  it('asks for a snapshot when a number is missing, and changes nothing until it has one', () => {
    const feed = new Feed()
    feed.receive(snapshot(1, { a: 1 }))
    expect(feed.receive(changed(3, { a: 3 }))).toBe('gap')
    expect(feed.receive(changed(4, { a: 4 }))).toBe('ignored')
    expect(feed.get('a')).toBe(1)
    feed.receive(snapshot(9, { a: 9 }))
    expect(feed.receive(changed(10, { a: 10 }))).toBe('kept')
    expect(feed.get('a')).toBe(10)
  })

  it('takes nothing that is older than its snapshot', () => {
    const feed = new Feed()
    feed.receive(snapshot(5, { a: 'new' }))
    expect(feed.receive(changed(5, { a: 'old' }))).toBe('ignored')
    expect(feed.receive(changed(2, { a: 'old' }))).toBe('ignored')
    expect(feed.get('a')).toBe('new')
  })

  it('drops what a new snapshot does not name', () => {
    const feed = new Feed()
    feed.receive(snapshot(1, { 'lines/1': {}, 'lines/2': {} }))
    feed.receive(snapshot(7, { 'lines/2': {} }))
    expect([...feed.topics.keys()]).toEqual(['lines/2'])
  })

  it('keeps what it knew while it is disconnected, and counts anew after', () => {
    const feed = new Feed()
    feed.receive(snapshot(1, { a: 1 }))
    feed.disconnected()
    expect(feed.get('a')).toBe(1)
    expect(feed.receive(changed(2, { a: 2 }))).toBe('ignored')
    feed.receive(snapshot(1, { a: 5 }))
    expect(feed.get('a')).toBe(5)
  })

  it('hands facts on', () => {
    expect(new Feed().receive({ type: 'screen.pop', at: 'now', data: {} })).toBe('fact')
  })

  it('redraws only what changed', () => {
    const feed = new Feed()
    feed.receive(snapshot(1, { a: { n: 1 }, b: { n: 1 } }))
    let counted = 0
    const a = computed(() => {
      counted += 1
      return feed.get<{ n: number }>('a')?.n
    })
    expect(a.value).toBe(1)
    feed.receive(changed(2, { b: { n: 2 } }))
    feed.receive(changed(3, { a: { n: 1 } }))
    expect(a.value).toBe(1)
    expect(counted).toBe(1)
    feed.receive(changed(4, { a: { n: 2 } }))
    expect(a.value).toBe(2)
  })
})

describe('coming back', () => {
  it('waits longer each time, within bounds, and not the same for every page', () => {
    expect(backOff(0, 0)).toBe(0.25)
    expect(backOff(0, 1)).toBe(0.5)
    expect(backOff(3, 1)).toBe(4)
    expect(backOff(50, 1)).toBe(15)
    expect(backOff(50, 0)).toBe(7.5)
  })
})
