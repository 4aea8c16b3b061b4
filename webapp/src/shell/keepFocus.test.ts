import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { keepFocus } from './keepFocus'

let stop: () => void
const at = (id: string): HTMLElement => document.getElementById(id) as HTMLElement
const key = (): unknown => dispatchEvent(new Event('keydown'))

beforeEach(() => {
  vi.useFakeTimers()
  document.body.innerHTML = `
    <main id="main"><section id="call"><div><button id="hold">Hold</button><button id="park">Park</button></div></section></main>`
  stop = keepFocus()
  key()
  at('hold').focus()
})

afterEach(() => {
  stop()
  vi.useRealTimers()
})

/** What is watched is told a moment after it has happened. */
const told = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100)

describe('the focus', () => {
  it('stays in its part of the page when its button goes, on nothing that a held key would press', async () => {
    at('hold').remove()
    await told()
    expect(document.activeElement?.id).toBe('call')
    at('park').focus()
    expect(at('call').hasAttribute('tabindex')).toBe(false)
  })

  it('goes to what is around that part when the whole part goes', async () => {
    at('call').remove()
    await told()
    expect(document.activeElement?.id).toBe('main')
  })

  it('comes back to a button that was disabled while its order was under way', async () => {
    const hold = at('hold') as HTMLButtonElement
    hold.blur()
    hold.disabled = true
    await told()
    expect(document.activeElement).toBe(document.body)
    hold.disabled = false
    await told()
    expect(document.activeElement?.id).toBe('hold')
  })

  it('does not wait for ever for a button that stays disabled', async () => {
    const hold = at('hold') as HTMLButtonElement
    hold.blur()
    hold.disabled = true
    await told()
    await vi.advanceTimersByTimeAsync(2000)
    expect(document.activeElement?.id).toBe('call')
  })

  it('is not moved under somebody with a mouse, nor from where somebody else has put it', async () => {
    dispatchEvent(new Event('pointerdown'))
    at('hold').remove()
    await told()
    expect(document.activeElement).toBe(document.body)
    key()
    at('park').focus()
    at('main').tabIndex = -1
    const park = at('park')
    at('main').focus()
    park.remove()
    await told()
    expect(document.activeElement?.id).toBe('main')
  })
})
