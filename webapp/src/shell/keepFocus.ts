/**
 * Who works by keys never loses their place: when what has the focus goes away (a button that is not possible any more,
 * a form that was saved), the focus stays in the part of the page where it was. It goes to that part itself and not to
 * the next button in it: a key that is still held down must not press something else.
 */
const PART = 'section, form, fieldset, aside, header, nav, main, dialog, [role]:not([role=presentation]):not([role=none])'
/** A button is disabled while its order is under way; milliseconds until it is taken for gone. */
const PATIENCE = 1500

/** Returns how to stop. */
export function keepFocus(): () => void {
  /** What had the focus, and all that it lies in, from the inside to the outside. */
  let path: Element[] = []
  let byKeys = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const lost = (): boolean => {
    const now = document.activeElement
    return now === null || now === document.body || now === document.documentElement
  }
  const gone = (one: Element): boolean => !one.isConnected || !visible(one)

  function focused(event: FocusEvent): void {
    if (!(event.target instanceof Element)) return
    path = []
    for (let at: Element | null = event.target; at && at !== document.body; at = at.parentElement) path.push(at)
  }

  function look(): void {
    const [last] = path
    if (!byKeys || !last || timer !== undefined || !(gone(last) || disabled(last))) return
    const since = Date.now()
    // A browser takes the focus from what is hidden or disabled a little after it has become so.
    const again = (): void => {
      timer = undefined
      if (path[0] !== last || !(lost() || document.activeElement === last)) return
      if (!gone(last) && !disabled(last)) return lost() ? focus(last) : undefined
      if (lost() && (gone(last) || Date.now() - since > PATIENCE)) return stay()
      if (Date.now() - since <= PATIENCE) timer = setTimeout(again, 50)
    }
    again()
  }

  function stay(): void {
    const part = path.find((one) => one.matches(PART) && !gone(one) && !disabled(one))
    if (part) focus(part)
  }

  function keyed(): void {
    byKeys = true
  }
  function pointed(): void {
    byKeys = false
  }

  // Nothing is told when what has the focus is taken out of a page: only that the page has changed.
  const observer = new MutationObserver(look)
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'style', 'class'] })
  addEventListener('focusin', focused, true)
  addEventListener('keydown', keyed, true)
  addEventListener('pointerdown', pointed, true)
  return () => {
    observer.disconnect()
    clearTimeout(timer)
    removeEventListener('focusin', focused, true)
    removeEventListener('keydown', keyed, true)
    removeEventListener('pointerdown', pointed, true)
  }
}

const disabled = (one: Element): boolean => one.matches(':disabled')
const visible = (one: Element): boolean => one.checkVisibility?.({ visibilityProperty: true }) ?? true

function focus(one: Element): void {
  if (!(one instanceof HTMLElement)) return
  if (!one.hasAttribute('tabindex') && !one.matches('a[href], button, input, select, textarea')) {
    one.setAttribute('tabindex', '-1')
    one.addEventListener('blur', () => one.removeAttribute('tabindex'), { once: true })
  }
  one.focus({ preventScroll: true })
}
