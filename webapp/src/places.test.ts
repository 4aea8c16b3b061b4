import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'

import * as server from './api'
import { usePlaces } from './places'

beforeEach(() => setActivePinia(createPinia()))

it('asks for all numbers of a page at once, and for each only once', async () => {
  const ask = vi.spyOn(server, 'ask').mockResolvedValue({ items: [{ area: '北京市', carrier: '中国移动' }, { area: '', carrier: '' }] })
  const places = usePlaces()
  expect([places.of('13800138000'), places.of('02062960000'), places.of('1001')]).toEqual(['', '', ''])
  await vi.waitFor(() => expect(places.of('13800138000')).toBe('北京市 中国移动'))
  expect(places.of('02062960000')).toBe('')
  expect(ask.mock.calls).toEqual([['POST', '/number_places', { numbers: ['13800138000', '02062960000'] }]])
})

it('shows nothing where the server is away, and asks again', async () => {
  const ask = vi.spyOn(server, 'ask').mockRejectedValueOnce(new server.ApiError(0, 'unreachable', ''))
  ask.mockResolvedValueOnce({ items: [{ area: '北京市', carrier: '' }] })
  const places = usePlaces()
  expect(places.of('13800138000')).toBe('')
  await vi.waitFor(() => expect(places.of('13800138000')).toBe('北京市'))
})
