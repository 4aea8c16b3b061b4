import { describe, expect, it } from 'vitest'

import { fieldKeys, grouped, keyOf, told, wordFrom } from './trail'
import { audit, roles } from '../locales/en/roles'

describe('rights', () => {
  it('stand in groups, each once, those that nobody knows here too', () => {
    const names = ['call.read', 'customer.read', 'site', 'something.new']
    expect(grouped(names).map((group) => group.rights)).toEqual([['call.read'], ['customer.read', 'something.new'], ['site']])
  })
})

describe('words of the trail', () => {
  it.each(['customer.changed', 'do_not_call.added', 'customer_message.created', 'follow_up.put_off', 'appointment_service.changed', 'campaign.entry_changed', 'flow.rolled_back'])('%s is a key and a word', (word) => {
    expect(wordFrom(keyOf(word))).toBe(word)
    expect(audit.words).toHaveProperty(keyOf(word))
  })
  it('have their rights beside them', () => {
    expect(roles.names).toHaveProperty(keyOf('agent.state.any'))
  })
})

describe('a value of a change', () => {
  it.each([
    [null, '–'],
    [['1', '2'], '1, 2'],
    [true, 'true'],
    [{ a: 1 }, '{"a":1}'],
  ])('%j is told as %s', (value, text) => {
    expect(told(value)).toBe(text)
  })
})

describe('the name of a field', () => {
  it('is looked for where its kind has it, then among all', () => {
    expect(fieldKeys('complaint/3', 'reason')).toEqual(['complaints.fields.reason', 'audit.fields.reason'])
    expect(fieldKeys('duty/3', 'title')).toEqual(['audit.fields.title'])
  })
})
