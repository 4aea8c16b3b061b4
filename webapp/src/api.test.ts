import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { api, ApiError, queryText } from './api'
import { PretendedOffice, Refusal } from './kit/office'

let office: PretendedOffice
beforeEach(() => {
  office = new PretendedOffice()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const refused = (work: Promise<unknown>): Promise<ApiError> =>
  work.then(
    () => expect.fail('was not refused'),
    (why: unknown) => why as ApiError,
  )

describe('the API', () => {
  it('leaves empty conditions out', () => {
    expect(queryText({ a: '', b: null, c: undefined, d: 0, e: '甲 &' })).toBe('?d=0&e=%E7%94%B2+%26')
    expect(queryText({ a: '' })).toBe('')
  })

  it('says of each field what is wrong with it', async () => {
    office.on('POST /customers', new Refusal(422, 'wrong_fields', { phones: '不是电话号码' }))
    const why = await refused(api.createCustomer({} as never, 'key-of-one-1'))
    expect(office.asked.at(-1)?.key).toBe('key-of-one-1')
    expect([why.status, why.code, why.fields]).toEqual([422, 'wrong_fields', { phones: '不是电话号码' }])
  })

  it('says of a faulty file where its faults are', async () => {
    const faults = [{ file: 'site.yaml', line: 3, reason: 'port' }]
    office.on('POST /site', new Refusal(422, 'faulty_file', {}, { faults }))
    expect((await refused(api.applySite('trunks: 1', false))).faults).toEqual(faults)
    expect(office.asked.at(-1)?.body).toBe('trunks: 1')
  })

  it('tells a server that is away from one that refuses', async () => {
    office.reachable = false
    expect(await refused(api.me())).toMatchObject({ status: 0, code: 'unreachable' })
  })

  it('goes to the sign-in page when it is not signed in, and comes back from it', async () => {
    const assign = vi.spyOn(location, 'assign').mockImplementation(() => undefined)
    office.on('GET /session', new Refusal(401, 'not_signed_in'))
    await refused(api.me())
    expect(assign).toHaveBeenCalledWith('/sign-in?next=%2F')
  })

  it('names a thing in the address whatever its name is', async () => {
    office.on('DELETE /', undefined)
    await api.deleteThing('users', '张/三?')
    await api.deleteThing('numbers', '9.')
    await api.deleteThing('numbers', '.') // an address cannot end in a lone dot
    expect(office.asked.map((asked) => asked.path + asked.query.toString())).toEqual([
      '/users/%E5%BC%A0%2F%E4%B8%89%3F',
      '/numbers/9.',
      '/numbersmatch=.',
    ])
  })
})
