import { expect, it } from 'vitest'

import { faultsOf } from './faults'

it('faults are taken as data where the server gives them', () => {
  const faults = [{ file: 'site.yaml', line: 4, column: 0, reason: 'there is no user 1009' }]
  expect(faultsOf({ message: 'site.yaml:9: other', faults })).toEqual(faults)
})

it('faults are read from lines otherwise', () => {
  const message = 'site.yaml:3: port: 70000 is too large\nC:\\office\\site.yaml:12: bad\nnothing else'
  expect(faultsOf({ message, faults: [] })).toEqual([
    { file: 'site.yaml', line: 3, column: 0, reason: 'port: 70000 is too large' },
    { file: 'C:\\office\\site.yaml', line: 12, column: 0, reason: 'bad' },
  ])
})
