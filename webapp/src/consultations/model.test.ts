import { describe, expect, it } from 'vitest'

import { cross } from './model'

describe('the table of totals', () => {
  it('has the sums of rows, of columns and of all, in the order of the lists', () => {
    const items = [
      { category: 'address', channel: '', count: 1 },
      { category: 'use', channel: 'newspaper', count: 1 },
      { category: 'use', channel: 'web', count: 2 },
      { category: 'gone', channel: 'web', count: 4 },
    ]
    expect(cross(items, ['use', 'address', 'other'], ['web', 'newspaper', 'radio'])).toEqual({
      channels: ['web', 'newspaper', ''],
      rows: [
        { code: 'use', counts: [2, 1, 0], total: 3 },
        { code: 'address', counts: [0, 0, 1], total: 1 },
        { code: 'gone', counts: [4, 0, 0], total: 4 },
      ],
      sums: [6, 1, 1],
      total: 8,
    })
  })

  it('is empty where there is nothing', () =>
    expect(cross([], ['use'], ['web'])).toEqual({ channels: [], rows: [], sums: [], total: 0 }))
})
