import { describe, expect, it } from 'vitest'

import type { Line } from '../model'
import { ringsAt } from './book'
import type { Person } from './model'

const person = (agent: string | null, state: Person['state']): Person => ({
  id: 1, number: '1', agent, name: '', caller: agent === null, state, muted: false, hears: [], can: [],
})
const line = (call: string, ...people: Person[]): Pick<Line, 'call' | 'people'> => ({ call, people })

describe('what rings at a colleague', () => {
  const lines = [
    line('a', person(null, 'waiting'), person('1001', 'talking')),
    line('b', person(null, 'waiting'), person('1002', 'ringing'), person('1003', 'ringing')),
    { call: 'c' },
  ]
  it('is the call whose phone of theirs rings', () => {
    expect(ringsAt(lines, '1002')).toBe('b')
    expect(ringsAt(lines, '1003')).toBe('b')
  })
  it('is nothing while they speak, or nobody calls', () => {
    expect(ringsAt(lines, '1001')).toBeNull()
    expect(ringsAt(lines, '1004')).toBeNull()
    expect(ringsAt([], '1002')).toBeNull()
  })
})
