/**
 * The conditions of a list in its address (`/complaints/7?type=product&page=2`): the back button goes through them, and
 * a link shows a colleague the same. What stands at its start is not in the address. A page that is come back to without
 * conditions in the address is as it was left, and the address says so again.
 */
import { nextTick, watch, type Ref } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

import { DAY, type FieldsAsked } from '../fields/model'

/** One value: as a text of the address and back. read answers undefined to a text that is none. */
export interface Kept<T = unknown> {
  value: Ref<T>
  write: (value: T) => string
  read: (text: string) => T | undefined
  /** Typed sign by sign: the back button does not go through each. */
  typed?: boolean
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Keeping = Record<string, Kept<any>>

/** among: what there is; else any text. */
export function keptText<T extends string>(value: Ref<T>, among?: readonly T[]): Kept<T> {
  const read = (text: string): T | undefined => (among && !among.includes(text as T) ? undefined : (text.slice(0, 200) as T))
  return { value, write: (text) => text, read }
}

export const keptTyped = (value: Ref<string>): Kept<string> => ({ ...keptText(value), typed: true })

/** The texts of an object of conditions; the one that is named `text` is typed. */
export function keptTexts<T extends Record<string, string>>(conditions: T): Keeping {
  return Object.fromEntries(
    Object.keys(conditions).map((name) => {
      const value = {
        get value() {
          return conditions[name]
        },
        set value(text) {
          ;(conditions as Record<string, string>)[name] = text as string
        },
      } as Ref<string>
      return [name, name === 'text' ? keptTyped(value) : keptText(value)]
    }),
  )
}

export const keptFlag = (value: Ref<boolean>): Kept<boolean> => ({
  value,
  write: (on) => (on ? 'yes' : 'no'),
  read: (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
})

export const keptNumber = (value: Ref<number>): Kept<number> => ({
  value,
  write: String,
  read: (text) => (/^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined),
})

const dayOf = (date: Date): string =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-')

function dateOf(text: string): Date | undefined {
  if (!DAY.test(text)) return undefined
  const [year, month, day] = text.split('-').map(Number) as [number, number, number]
  const date = new Date(year, month - 1, day)
  return dayOf(date) === text ? date : undefined
}

/** One day. */
export const keptDay = (value: Ref<Date>): Kept<Date> => ({ value, write: dayOf, read: dateOf })

/** Two days, both meant whole: 2026-11-01..2026-11-27. */
export const keptDays = (value: Ref<[Date, Date] | null>): Kept<[Date, Date] | null> => ({
  value,
  write: (days) => (days ? days.map(dayOf).join('..') : ''),
  read(text) {
    if (!text) return null
    const [from, to] = text.split('..').map(dateOf)
    return from && to && from <= to ? [from, to] : undefined
  },
})

/** What is asked of custom fields. What they can be asked, the server knows. */
export const keptFields = (value: Ref<FieldsAsked>): Kept<FieldsAsked> => ({
  value,
  write: (asked) => (Object.keys(asked).length ? JSON.stringify(asked) : ''),
  read(text) {
    if (!text) return {}
    try {
      const found: unknown = JSON.parse(text)
      return found && typeof found === 'object' && !Array.isArray(found) ? (found as FieldsAsked) : undefined
    } catch {
      return undefined // somebody has cut the address off
    }
  },
})

/**
 * route: its name in router.ts. restored: the conditions are others now because the address is; while that is so, they
 * are `restoring()`. query: what of them stands in the address.
 */
export function useAddress(
  route: string,
  keeping: Keeping,
  restored: () => void = () => undefined,
): { restoring: () => boolean; query: () => LocationQuery; quietly: (change: () => void) => void } {
  const here = useRoute()
  const router = useRouter()
  const start = Object.fromEntries(Object.entries(keeping).map(([name, one]) => [name, one.write(one.value.value)]))
  const now = (): Record<string, string> =>
    Object.fromEntries(Object.entries(keeping).map(([name, one]) => [name, one.write(one.value.value)]))
  const names = Object.keys(keeping)
  let restoring = false
  /** Conditions as the address that we have made, or met, says them. */
  let known = start
  /** The one that is being typed since the address became another. */
  let typing = ''
  let quiet = false

  /** What others have put into the address of this page stays. */
  function query(): LocationQuery {
    const others = here.name === route ? Object.entries(here.query).filter(([name]) => !names.includes(name)) : []
    return Object.fromEntries([...others, ...Object.entries(now()).filter(([name, text]) => text !== start[name])])
  }

  function restore(given: LocationQuery): void {
    for (const [name, one] of Object.entries(keeping)) {
      const text = typeof given[name] === 'string' ? given[name] : start[name]!
      if (text === one.write(one.value.value)) continue
      const value = one.read(text)
      one.value.value = value === undefined ? one.read(start[name]!) : value
    }
    known = now()
    typing = ''
    restoring = true
    void nextTick(() => (restoring = false))
  }

  watch(
    () => [here.name, here.query] as const,
    ([name, given], before) => {
      if (name !== route) return
      const arrived = before?.[0] !== route
      if (arrived && before && !names.some((one) => one in given)) {
        const left = query()
        if (Object.keys(left).length) void router.replace({ name: route, params: here.params, query: left })
        return
      }
      if (names.every((one) => (given[one] ?? start[one]) === known[one]) && before) return
      restore(given)
      if (before) restored()
    },
    { immediate: true },
  )

  /** The list starts over, after a pause in what is typed. */
  const first = (changed: string[], found: Record<string, string>): boolean =>
    changed.length === 1 && changed[0] === 'page' && found.page === start.page

  watch(now, (found) => {
    const changed = names.filter((name) => found[name] !== known[name])
    if (!changed.length || here.name !== route) return
    known = found
    const typed = changed.find((name) => keeping[name]!.typed) ?? (first(changed, found) ? typing : '')
    const to = { name: route, params: here.params, query: query() }
    const again = typed !== '' && typing === typed
    typing = typed
    void (again || quiet ? router.replace(to) : router.push(to))
    quiet = false
  })

  /** A condition that nobody has chosen is no step of the back button. */
  function quietly(change: () => void): void {
    const before = JSON.stringify(now())
    change()
    quiet = JSON.stringify(now()) !== before
  }
  return { restoring: () => restoring, query, quietly }
}
