import { describe, expect, it } from 'vitest'

import { partsOf, rowsIn, together } from './lists'
import { differing, newPlan, orders, planOf, progress, type PlanKept } from './model'

describe('rows that are pasted', () => {
  it('have a number, a name and a remark, however they are parted and whichever comes first', () => {
    const { rows, at } = rowsIn('13800138000\t张三\t要发票\n\n李四，139 0013 9000\r\n+8613700137000 Wang Wu\n010-12345678', '备注')
    expect(rows).toEqual([
      { number: '13800138000', name: '张三', fields: { 备注: '要发票' } },
      { number: '139 0013 9000', name: '李四', fields: {} },
      { number: '+8613700137000', name: 'Wang Wu', fields: {} },
      { number: '010-12345678', name: '', fields: {} },
    ])
    expect(at).toEqual([1, 3, 4, 5])
  })

  it('have the columns that the first line names', () => {
    const { rows, at } = rowsIn('姓名,电话,车型,\n张三,13800138000,轿车,x\n李四,13900139000', '备注')
    expect(rows).toEqual([
      { number: '13800138000', name: '张三', fields: { 车型: '轿车' } },
      { number: '13900139000', name: '李四', fields: {} },
    ])
    expect(at).toEqual([2, 3])
  })

  it('are sent as they are where they are wrong: the server says what is', () => {
    expect(rowsIn('abc', '备注').rows).toEqual([{ number: 'abc', name: '', fields: {} }])
    expect(rowsIn(' \n', '备注').rows).toEqual([])
  })
})

describe('a file', () => {
  const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
  const text = (part: Uint8Array): string => new TextDecoder().decode(part)

  it('goes as it is where it is short', () => {
    const file = octets('号码\n1\n')
    expect(partsOf(file, 100)).toEqual([{ octets: file, before: 0 }])
  })

  it('goes in parts, each with the names of its columns; a line in quotes is not cut', () => {
    const rows = ['11111', '22222', '"3\n3"', '44444', '55555']
    const parts = partsOf(octets(`n\n${rows.join('\n')}`), 14)
    expect(parts.map((part) => text(part.octets))).toEqual(['n\n11111\n22222\n', 'n\n"3\n3"\n44444\n', 'n\n55555'])
    expect(parts.map((part) => part.before)).toEqual([0, 2, 4])
  })

  it('is sent whole, whatever its length', () => {
    for (const most of [3, 5, 8, 13, 21, 1000]) {
      const file = `n\n${Array.from({ length: 40 }, (_, n) => `"${n}\n"`).join('\n')}\n`
      const whole = partsOf(octets(file), most).map((part) => text(part.octets).slice(2))
      expect(`n\n${whole.join('')}`, String(most)).toBe(file)
    }
  })

  it('has its faults by the rows of the whole', () => {
    const said = { added: 1, doubles: 1, do_not_call: 0, faulty: 1, faults: [{ row: 3, reason: 'x' }] }
    expect(together([{ said, row: (row) => row }, { said, row: (row) => row + 500 }])).toEqual({
      added: 2,
      doubles: 2,
      do_not_call: 0,
      faulty: 2,
      faults: [
        { row: 3, reason: 'x' },
        { row: 503, reason: 'x' },
      ],
    })
  })
})

describe('a plan', () => {
  const kept: PlanKept = { ...newPlan(), name: '春季回访', id: 3, state: 'running', version: 2, created_at: '', created_by: '', changed_at: '', changed_by: '' }

  it('is taken out of a campaign without what is not to be filled in', () => {
    const plan = planOf(kept)
    expect(plan).toEqual({ ...newPlan(), name: '春季回访' })
    plan.retry.busy = 1
    expect(kept.retry.busy).toBe(600)
  })

  it('is compared line by line', () => {
    const { busy, ...rest } = kept.retry
    expect(differing(planOf(kept), planOf({ ...kept, retry: { ...rest, busy } }))).toEqual([])
    expect(differing(planOf(kept), { ...planOf(kept), ratio: 2, meanings: { '1': 'again' } })).toEqual(['ratio', 'meanings'])
  })
})

describe('a campaign', () => {
  it('is as far as nothing more is to come of its list', () => {
    expect(progress({ waiting: 3, dialling: 1, done: 4, skipped: 2 })).toEqual({ all: 10, over: 6 })
    expect(progress({})).toEqual({ all: 0, over: 0 })
  })

  it('can be asked for what its state allows', () => {
    expect([orders('running'), orders('paused'), orders('stopped'), orders('finished')]).toEqual([['pause', 'stop'], ['start', 'stop'], ['start'], ['start']])
  })
})
