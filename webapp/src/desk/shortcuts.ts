/**
 * Keys of the desk. Function keys that browsers leave alone (F1 help, F3 find, F5 reload, F6 address, F7 caret,
 * F10 menu, F11 full screen, F12 tools are theirs); none of them ends a call: a slip must not cost a customer.
 */
export type Shortcut = 'ready' | 'break' | 'wrap-up' | 'note'

const KEYS: Record<string, Shortcut> = { F8: 'ready', F9: 'break', F4: 'wrap-up', F2: 'note' }

export function shortcutOf(
  event: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'repeat'>,
): Shortcut | null {
  // Alt+F4 closes the window, and a key that is held down is asked once.
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return null
  return KEYS[event.key] ?? null
}
