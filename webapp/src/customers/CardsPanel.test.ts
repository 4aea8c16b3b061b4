import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { i18n } from '../i18n'
import { PretendedOffice, Refusal } from '../kit/office'
import type { NewPosting, Posting, PrepaidCard, Role } from '../model'
import { useSession } from '../session'
import CardsPanel from './CardsPanel.vue'
import { cardText, minorOf, moneyText } from './money'

const t = i18n.global.t
let office: PretendedOffice
let open: VueWrapper | null = null

const card = (more: Partial<PrepaidCard> = {}): PrepaidCard => ({
  id: 3,
  number: '88001234',
  customer: 7,
  state: 'active',
  valid_until: null,
  currency: 'CNY',
  overdraft: 0,
  money: 120205,
  points: 300,
  has_pin: true,
  failed: 0,
  locked_until: null,
  ...more,
})
const posting = (id: number, amount: number, more: Partial<Posting> = {}): Posting => ({
  id,
  ledger: 'money',
  kind: amount > 0 ? 'recharge' : 'consumption',
  amount,
  reason: '',
  reference: '',
  key: '',
  reverses: null,
  at: '2026-11-26T08:00:00+00:00',
  by: 'boss',
  balance: amount,
  reversed: false,
  ...more,
})

beforeEach(() => {
  office = new PretendedOffice()
  office.on('GET /cards/3/postings', { items: [], total: 0 })
})
afterEach(() => {
  open?.unmount()
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

async function panel(role: Role, cards: PrepaidCard[], props: object = {}): Promise<VueWrapper> {
  office.on('GET /customers/7/cards', { items: cards, total: cards.length })
  const pinia = createPinia()
  setActivePinia(pinia)
  const rights = { agent: [], supervisor: ['card.write'], manager: [], admin: ['card.write', 'card.unlock'] }[role]
  useSession().me = { login: 'boss', name: '班长', role, extension: null, language: 'zh-CN', rights } as never
  open = mount(CardsPanel, {
    props: { customer: 7, ...props },
    global: { plugins: [pinia, i18n] },
    attachTo: document.body,
  }) as VueWrapper
  await flushPromises()
  return open
}

/** Dialogs stand at the end of the page, not in the panel. */
const there = (name: string): HTMLElement | null => document.querySelector(`[data-testid=${name}]`)
function type(name: string, text: string): void {
  const field = there(name) as HTMLInputElement
  field.value = text
  field.dispatchEvent(new Event('input'))
}
async function press(name: string): Promise<void> {
  const button = there(name)
  if (button === null) throw new Error(`${name} is not there`)
  if ((button as HTMLButtonElement).type === 'submit') button.closest('form')?.requestSubmit()
  else button.click()
  await flushPromises()
}

describe('amounts', () => {
  it.each([
    ['1202.05', 120205],
    ['1,202.5', 120250],
    ['0.29', 29],
    ['7', 700],
    ['0', null],
    ['-1', null],
    ['1.234', null],
    ['abc', null],
    ['', null],
    ['99999999999999', null],
  ])('%s is %s fen', (text, minor) => expect(minorOf(text, 'CNY')).toBe(minor))

  it('are read as people write them, in both languages', () => {
    expect(moneyText(120205, 'CNY', 'zh-CN')).toBe('¥1,202.05')
    expect(moneyText(-5, 'USD', 'en')).toBe('-$0.05')
    expect(moneyText(120205, 'CNY', 'en')).toBe('¥1,202.05')
    expect(moneyText(700, 'JPY', 'en')).toBe('JPY\u00a0700')
    expect(cardText('880012345')).toBe('8800 1234 5')
  })
})

describe("a customer's prepaid cards", () => {
  it('show what stands on them, and the last postings with their reason', async () => {
    office.on('GET /cards/3/postings', { items: [posting(9, -2500, { reason: '按摩', balance: 120205 })], total: 6 })
    const page = await panel('agent', [card()])
    expect(page.get('[data-testid=card-money]').text()).toBe('¥1,202.05')
    expect(page.get('[data-testid=card-points]').text()).toBe('300')
    const row = page.get('[data-testid=posting]').text()
    for (const part of ['-¥25.00', '按摩', '¥1,202.05', 'boss']) expect(row).toContain(part)
    await page.get('[data-testid=postings-all]').trigger('click')
    await flushPromises()
    expect(office.to('GET', '/cards/3/postings').at(-1)?.query.get('limit')).toBe('100')
  })

  it('let an agent block a lost card, and nothing else', async () => {
    await panel('agent', [card({ locked_until: new Date(Date.now() + 60_000).toISOString(), failed: 5 })])
    for (const name of ['card-add', 'card-recharge', 'card-correction', 'card-pin', 'card-unlock'])
      expect(there(name), name).toBeNull()
    expect(there('card-block')).not.toBeNull()
    expect(there('card-locked')).not.toBeNull()
  })

  it('let an administrator lift a lock, and a supervisor not', async () => {
    const locked = card({ locked_until: new Date(Date.now() + 60_000).toISOString(), failed: 5 })
    office.on('POST /cards/3/unlock', card())
    await panel('supervisor', [locked])
    expect(there('card-unlock')).toBeNull()
    open?.unmount()
    await panel('admin', [locked])
    await press('card-unlock')
    expect(office.to('POST', '/cards/3/unlock')).toHaveLength(1)
  })

  it('take no room beside a call where there is none to see or to add', async () => {
    expect((await panel('agent', [], { hidesEmpty: true })).find('[data-testid=cards]').exists()).toBe(false)
    open?.unmount()
    expect((await panel('agent', [])).text()).toContain(t('prepaid.empty'))
  })

  it('say that they cannot be read, and try again', async () => {
    office.on('GET /cards/3/postings', new Refusal(503, 'unavailable'))
    const page = await panel('agent', [card()])
    expect(page.find('[data-testid=card]').exists()).toBe(false)
    office.on('GET /cards/3/postings', { items: [], total: 0 })
    await page.get('[role=alert] button').trigger('click')
    await flushPromises()
    expect(page.find('[data-testid=card]').exists()).toBe(true)
  })
})

describe('posting', () => {
  const sent = (): NewPosting[] => office.to('POST', '/cards/3/postings').map((asked) => asked.body as NewPosting)

  it('recharges in fen; a second press after a broken line has the same key', async () => {
    office.on('POST /cards/3/postings', new Refusal(503, 'unavailable'))
    await panel('supervisor', [card()])
    await press('card-recharge')
    type('posting-amount', '100.50')
    type('posting-reference', 'R1')
    await press('posting-save')
    expect(there('posting-fault')).not.toBeNull()
    office.on('POST /cards/3/postings', posting(10, 10050, { balance: 130255 }))
    await press('posting-save')
    expect(sent()[0]).toMatchObject({ ledger: 'money', kind: 'recharge', amount: 10050, reference: 'R1', reverses: null })
    expect(sent()[1]).toEqual(sent()[0])
    expect(sent()[0]?.key).toMatch(/^[0-9a-f]{32}$/)
    expect(there('posting-save')).toBeNull()
  })

  it('has another key for the next one, and takes away for a consumption', async () => {
    office.on('POST /cards/3/postings', posting(10, -700))
    await panel('supervisor', [card()])
    for (const amount of ['7', '7']) {
      await press('card-consumption')
      type('posting-amount', amount)
      await press('posting-save')
    }
    expect(sent().map((one) => one.amount)).toEqual([-700, -700])
    expect(sent()[0]?.key).not.toBe(sent()[1]?.key)
  })

  it('sends nothing without an amount, nor a correction without a reason', async () => {
    await panel('supervisor', [card()])
    await press('card-correction')
    await press('posting-save')
    type('posting-amount', '5')
    await press('posting-save')
    expect(sent()).toEqual([])
    office.on('POST /cards/3/postings', posting(10, -500))
    type('posting-reason', '输错')
    await press('posting-save')
    expect(sent()).toMatchObject([{ kind: 'correction', amount: -500, reason: '输错' }])
  })

  it('undoes a posting by its opposite, once', async () => {
    const items = [posting(9, 700), posting(8, 500, { reversed: true })]
    office.on('GET /cards/3/postings', { items, total: 2 })
    office.on('POST /cards/3/postings', posting(10, -700))
    const page = await panel('admin', [card()])
    expect(page.findAll('[data-testid=posting-undo]')).toHaveLength(1)
    await press('posting-undo')
    type('posting-reason', '输错')
    await press('posting-save')
    expect(sent()).toMatchObject([{ kind: 'correction', amount: -700, reverses: 9, ledger: 'money' }])
  })
})

describe('a new PIN', () => {
  it('is typed twice and sent once', async () => {
    office.on('PUT /cards/3/pin', card())
    await panel('supervisor', [card()])
    await press('card-pin')
    type('pin', '2468')
    type('pin-again', '2469')
    await press('pin-save')
    expect(office.to('PUT', '/cards/3/pin')).toEqual([])
    type('pin-again', '2468')
    await press('pin-save')
    expect(office.to('PUT', '/cards/3/pin').map((asked) => asked.body)).toEqual([{ pin: '2468' }])
    expect(there('pin')).toBeNull()
  })

  it('says at its field why it is not taken', async () => {
    office.on('PUT /cards/3/pin', new Refusal(422, 'wrong_fields', { pin: '密码太容易猜到' }))
    await panel('supervisor', [card()])
    await press('card-pin')
    type('pin', '1111')
    type('pin-again', '1111')
    await press('pin-save')
    expect(there('pin-fault')?.textContent).toContain('密码太容易猜到')
  })
})

describe('the terms of a card', () => {
  it('stand there as they are, and are sent in fen', async () => {
    office.on('PUT /cards/3', card())
    await panel('supervisor', [card({ valid_until: '2027-01-31', overdraft: 5000 })])
    await press('card-terms')
    expect((there('card-overdraft') as HTMLInputElement).value).toBe('50.00')
    type('card-overdraft', '20.5')
    await press('new-card-save')
    expect(office.to('PUT', '/cards/3').map((asked) => asked.body)).toEqual([{ valid_until: '2027-01-31', overdraft: 2050 }])
  })

  it('are not sent with an overdraft that is no amount', async () => {
    await panel('supervisor', [card()])
    await press('card-terms')
    type('card-overdraft', 'much')
    await press('new-card-save')
    expect(office.to('PUT', '/cards/3')).toEqual([])
    await vi.waitFor(() => expect(document.body.textContent).toContain(t('prepaid.badAmount')), 5000)
  })
})

describe('a new card', () => {
  it('is sent without a PIN if none was typed, and tells what is wrong with its number', async () => {
    office.on('POST /customers/7/cards', new Refusal(422, 'wrong_fields', { number: '已属于另一张卡' }))
    await panel('admin', [])
    await press('card-add')
    type('new-card-number', '8800 1234')
    await press('new-card-save')
    await vi.waitFor(() => expect(document.body.textContent).toContain('已属于另一张卡'), 5000)
    expect(office.to('POST', '/customers/7/cards')[0]?.body).toEqual({
      number: '8800 1234',
      valid_until: null,
      overdraft: 0,
    })
  })
})
