/**
 * Keys of the call controls: Alt and a letter, by its place on the keyboard (event.code), so that they work while a note
 * is typed and whatever the input method. Hanging up needs two keys held: a slip must not cost a customer.
 */
export type Order =
  | 'answer' | 'hang_up' | 'hold' | 'mute' | 'keys' | 'transfer' | 'consult' | 'toggle' | 'complete' | 'conference'
  | 'back' | 'add' | 'park' | 'pause' | 'record' | 'book' | 'next' | 'messages' | 'next_customer' | 'dial_shown'
  | 'skip_shown'

const LETTERS: Record<string, Order> = {
  A: 'answer', H: 'hold', M: 'mute', K: 'keys', T: 'transfer', C: 'consult', G: 'toggle', W: 'complete',
  J: 'conference', B: 'back', I: 'add', P: 'park', S: 'pause', R: 'record', L: 'book',
  N: 'next', O: 'messages', U: 'next_customer', Y: 'dial_shown', Q: 'skip_shown',
}

/** As a person reads them. */
export const SHOWN: Record<Order, string> = {
  ...(Object.fromEntries(Object.entries(LETTERS).map(([letter, order]) => [order, `Alt+${letter}`])) as Record<Order, string>),
  hang_up: 'Ctrl+Alt+X',
}
export const ORDERS: Order[] = ['answer', 'hang_up', ...Object.values(LETTERS).filter((order) => order !== 'answer')]

type Pressed = Pick<KeyboardEvent, 'code' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'repeat'>

export function orderOf(event: Pressed): Order | null {
  if (!event.altKey || event.metaKey || event.shiftKey || event.repeat) return null
  const letter = event.code.startsWith('Key') ? event.code.slice(3) : ''
  if (event.ctrlKey) return letter === 'X' ? 'hang_up' : null
  return LETTERS[letter] ?? null
}

/** F1, or a question mark where nobody types. */
export function asksForHelp(event: KeyboardEvent): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return false
  const typing = event.target instanceof Element && event.target.closest('input, textarea, [contenteditable]') !== null
  return event.key === 'F1' || (event.key === '?' && !typing)
}
