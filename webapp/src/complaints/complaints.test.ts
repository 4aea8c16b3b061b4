/** The way of a complaint as a bar, lateness, and handing up as a line of text. */
import { describe, expect, it } from 'vitest'

import { escalationText, faultsOf, readEscalations } from './editing'
import { empty, lateness, way, written, type Complaint, type ComplaintNow, type ComplaintState } from './model'

const AT = '2026-11-27T01:00:00Z'

function state(code: string, kind: ComplaintState['kind'] = 'moved', at = AT, by = '1001'): ComplaintState {
  return { id: 1, at, by, kind, state: code, move: '', text: '', details: {} }
}

function now(here: string, states: ComplaintState[]): ComplaintNow {
  const steps = ['registered', 'review', 'in_progress', 'handled', 'answered', 'closed'].map((code) => ({ code }))
  return {
    complaint: { ...empty(), state: here, state_at: AT } as unknown as Complaint,
    states,
    workflow: { workflow: { steps } },
  } as unknown as ComplaintNow
}

describe('the way of a complaint', () => {
  it('has what was, what is, and what may come', () => {
    const found = way(now('in_progress', [state('registered', 'created'), state('review'), state('in_progress')]))
    expect(found.map((one) => `${one.code} ${one.state}`)).toEqual([
      'registered done',
      'review done',
      'in_progress now',
      'handled ahead',
      'answered ahead',
      'closed ahead',
    ])
  })

  it('leaves out what it went past, and tells when it came to a step last', () => {
    const later = '2026-11-28T01:00:00Z'
    const states = [state('registered', 'created'), state('review'), state('review', 'noted', later), state('handled')]
    const found = way(now('handled', states))
    expect(found.map((one) => one.code)).toEqual(['registered', 'review', 'handled', 'answered', 'closed'])
    expect(found[1]).toMatchObject({ at: AT, by: '1001' })
    const again = way(now('review', [...states, state('review', 'moved', later, '1002')]))
    expect(again[1]).toMatchObject({ state: 'now', at: later, by: '1002' })
  })

  it('knows what is late', () => {
    const at = Date.parse(AT)
    const warned = new Date(at - 600_000).toISOString()
    expect(lateness({ due: null, warn_at: null }, at)).toBe('closed')
    expect(lateness({ due: AT, warn_at: warned }, at)).toBe('overdue')
    expect(lateness({ due: AT, warn_at: warned }, at - 600_000)).toBe('soon')
    expect(lateness({ due: AT, warn_at: warned }, at - 600_001)).toBe('open')
    expect(lateness({ due: AT, warn_at: null }, at - 1)).toBe('open')
  })

  it('gives a form only what a form has', () => {
    const one = { ...empty(), reason: '漏水', state: 'closed', id: 3 } as unknown as Complaint
    expect(written(one)).toEqual({ ...empty(), reason: '漏水' })
  })
})

describe('a workflow that is edited', () => {
  it('has handing up as a line of text', () => {
    const known = [
      { minutes: 0, to: 'leaders' },
      { minutes: 480, to: 'person:1005' },
    ]
    expect(escalationText(known)).toBe('0:leaders 480:person:1005')
    expect(readEscalations(' 0:leaders，480:person:1005 ')).toEqual(known)
    expect(readEscalations('')).toEqual([])
    expect(readEscalations('soon:leaders')).toBeNull()
  })

  it('shows faults at their step', () => {
    const faults = { 'steps.1.moves.0.to': 'x', 'steps.11.who': 'y', steps: 'z' }
    expect(faultsOf(faults, 1)).toEqual(['moves.0.to: x'])
  })
})
