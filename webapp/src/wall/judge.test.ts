import { describe, expect, it } from 'vitest'

import { agent } from '../kit/office'
import type { HalfHour } from '../model'
import { agentMark, filled, judgeOf, percent } from './judge'

const judge = judgeOf([
  { queue: null, limits: { waiting: { warn: 3, alarm: 6 }, service_level: { warn: 0.8, alarm: 0.6 }, talk: { warn: 60, alarm: 120 } }, version: 0, changed_at: null, changed_by: '' },
  { queue: 'vip', limits: { waiting: { warn: 1, alarm: 2 }, service_level: null }, version: 1, changed_at: null, changed_by: 'boss' },
])

describe('what is too much', () => {
  it('is judged by the queue, else by the office; what never warns does not', () => {
    expect([2, 3, 6].map((n) => judge('waiting', n, 'sales'))).toEqual(['', 'warn', 'alarm'])
    expect([0, 1, 2].map((n) => judge('waiting', n, 'vip'))).toEqual(['', 'warn', 'alarm'])
    expect([0.9, 0.79, 0.59, null].map((share) => judge('service_level', share, 'sales'))).toEqual(['', 'warn', 'alarm', ''])
    expect(judge('service_level', 0.1, 'vip')).toBe('')
    expect(judge('longest', 9999, 'sales')).toBe('')
  })

  it('is an agent too long in a state, of those that have a limit', () => {
    const since = '2026-11-27T08:00:00Z'
    const at = (seconds: number): number => Date.parse(since) + seconds * 1000
    const talking = agent({ state: 'talking', since })
    expect([59, 60, 120].map((seconds) => agentMark(talking, judge, at(seconds)))).toEqual(['', 'warn', 'alarm'])
    expect(agentMark(agent({ state: 'ready', since }), judge, at(9999))).toBe('')
  })

  it('is a share in whole percent, and nothing where there is nothing to divide by', () => {
    expect([percent(1 / 3), percent(0), percent(null)]).toEqual(['33%', '0%', '–'])
  })
})

describe('the bars', () => {
  it('have the empty half hours between too', () => {
    const half = (at: string): HalfHour => ({ at, queue: null, inbound: 1, outbound: 0, answered: 0, abandoned: 0 })
    const bars = filled([half('2026-11-27T10:00:00+08:00'), half('2026-11-27T08:30:00+08:00')])
    expect(bars.map((bar) => bar.inbound)).toEqual([1, 0, 0, 1])
    expect(filled([])).toEqual([])
  })
})
