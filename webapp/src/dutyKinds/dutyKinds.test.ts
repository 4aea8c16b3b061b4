import { expect, it } from 'vitest'

import { copied, sameTerms, settings, type Terms } from './model'

const terms: Terms = {
  name: 'promise',
  chinese: '承诺回电',
  english: 'Promise to call',
  limit: 60,
  warn: 10,
  escalations: [{ minutes: 15, to: 'leaders' }],
  closes: 'reached',
  by_people: true,
  version: 3,
  changed_at: null,
  changed_by: '',
}

it('a copy is typed in without the one that was read', () => {
  const draft = copied(terms)
  expect(sameTerms(draft, terms)).toBe(true)
  draft.escalations[0]!.minutes = 30
  expect(terms.escalations[0]?.minutes).toBe(15)
  expect(sameTerms(draft, terms)).toBe(false)
})

it('whoever changed it when makes no other kind of it', () => {
  expect(sameTerms({ ...terms, version: 9, changed_by: 'root' }, terms)).toBe(true)
})

it('where no call closes it, nobody’s does', () => {
  expect(settings({ ...terms, closes: null }).by_people).toBe(false)
  expect(settings(terms).by_people).toBe(true)
})
