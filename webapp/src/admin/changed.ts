/**
 * What of a form is sent over what there is: only what was changed in it, and what that was (`was`). So a page undoes
 * nothing that a site file or a colleague changed meanwhile: the server tells (409, `thing_changed`). Pure.
 */
type Fields = Readonly<Record<string, unknown>>

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** before, after: as they are sent. null: nothing was changed. A secret has no before. */
export function changesOf(before: Fields, after: Fields): Record<string, unknown> | null {
  const names = Object.keys(after).filter((name) => !same(before[name], after[name]))
  if (!names.length) return null
  const pick = (from: Fields): Record<string, unknown> =>
    Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]))
  return { ...pick(after), was: pick(before) }
}

/** A form over what there is now: what was typed stays, everything else is as it is now. */
export function over<D extends object>(typed: D, began: D, now: D): D {
  const kept = Object.entries(typed).filter(([name, value]) => !same(value, began[name as keyof D]))
  return { ...now, ...Object.fromEntries(kept) } as D
}

/** The fields of a form that are otherwise now than when it was begun, and were changed in it to another end. */
export function othersOf(typed: Fields, began: Fields, now: Fields): string[] {
  return Object.keys(typed).filter(
    (name) => !same(now[name], began[name]) && !same(typed[name], began[name]) && !same(typed[name], now[name]),
  )
}
