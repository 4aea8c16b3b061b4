import { describe, expect, it } from 'vitest'

import { agent } from '../kit/office'
import type { Line, QueueNow } from '../model'
import { figuresOf, inOrder } from './figures'

const queue = (name: string, waiting: [string, string][]): QueueNow => ({
  name,
  title: name,
  waiting: waiting.map(([call, since], place) => ({ call, caller: '', since, position: place + 1 })),
  longest_since: waiting[0]?.[1] ?? null,
  ready: 0,
  talking: 0,
  signed_in: 0,
  today: { offered: 0, answered: 0, abandoned: 0, short: 0, within: 0, target: 20, service_level: null, asa: null },
})
const agents = [
  agent({ login: '3', state: 'break' }),
  agent({ login: '1', state: 'ready' }),
  agent({ login: '2', state: 'talking' }),
  agent({ login: '0', state: 'ready' }),
  agent({ login: '4', state: 'signed_out' }),
  agent({ login: '5', state: 'unreachable' }),
]

describe('the live page', () => {
  it('counts agents by what they do; who has no phone is on break for the office', () => {
    const figures = figuresOf(agents, [], [{} as Line])
    expect(figures).toEqual({ signedIn: 5, ready: 2, talking: 1, onBreak: 2, waiting: 0, longestSince: null, lines: 1 })
  })

  it('counts a caller once, and the longest wait over all queues whatever zone it is written in', () => {
    const queues = [
      queue('a', [['c1', '2026-11-24T16:00:05+08:00']]),
      queue('b', [
        ['c2', '2026-11-24T08:00:01+00:00'],
        ['c1', '2026-11-24T08:00:05+00:00'],
      ]),
    ]
    expect(figuresOf([], queues, [])).toMatchObject({ waiting: 2, longestSince: '2026-11-24T08:00:01+00:00' })
  })

  it('shows who is busy first, then who is free, then who is away', () => {
    expect(inOrder(agents, true).map((one) => one.login)).toEqual(['2', '0', '1', '5', '3'])
    expect(inOrder(agents, false).at(-1)?.login).toBe('4')
  })
})
