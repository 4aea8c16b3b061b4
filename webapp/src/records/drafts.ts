/**
 * What was typed into a form and is not saved yet lies on this machine, until it is saved or thrown away: through a cut
 * network, a reload, a browser that was closed. Only what was typed, not what stood there before; of each login by itself;
 * for a week, and of the newest forms only. No form with a password or a PIN uses this.
 *
 * A draft has a key of its own, which goes with it to the server (`Idempotency-Key`): sent again because no answer came,
 * it is saved once.
 */
import { reactive, watch } from 'vue'

import { ApiError } from '../api'
import { newKey } from '../customers/money'
import { useSession } from '../session'

export interface Draft {
  /** When it was typed last. */
  at: string
  key: string
  /** Which version of the record it was begun with; 0: of a new one. */
  version: number
  /** Fields that are other than at the beginning, and what they were then. */
  values: Record<string, unknown>
  base: Record<string, unknown>
}

export const MOST = 30
const DAYS = 7
const PREFIX = 'callcenterd.form-draft/'

/** Places of forms of which something lies here, for marks on the buttons that open them. */
const lying = reactive(new Set<string>())
addEventListener('storage', (event) => {
  if (event.storageArea !== localStorage || !event.key?.startsWith(PREFIX)) return
  if (event.newValue === null) lying.delete(event.key)
  else lying.add(event.key)
})

export class FormDrafts {
  private readonly prefix: string

  constructor(
    login: string,
    private readonly storage: Storage,
    private readonly now: () => number = Date.now,
  ) {
    this.prefix = `${PREFIX}${encodeURIComponent(login)}/`
  }

  of(place: string): Draft | null {
    return this.read(this.prefix + place)
  }

  /** False: this machine does not keep it. */
  keep(place: string, draft: Omit<Draft, 'at'>): boolean {
    const text = JSON.stringify({ ...draft, at: new Date(this.now()).toISOString() })
    const name = this.prefix + place
    this.tidy(name)
    for (;;) {
      try {
        this.storage.setItem(name, text)
        lying.add(name)
        return true
      } catch {
        const [oldest] = this.names(this.prefix).filter((other) => other !== name)
        if (oldest === undefined) return false // it may keep nothing, or what is typed is larger than all it keeps
        this.remove(oldest)
      }
    }
  }

  drop(place: string): void {
    this.remove(this.prefix + place)
  }

  has(place: string): boolean {
    return lying.has(this.prefix + place)
  }

  /** Old ones of everybody who has worked here, and the oldest own ones. */
  tidy(keeping = ''): void {
    for (const name of this.names(PREFIX)) if (this.read(name) === null) this.remove(name)
    const own = this.names(this.prefix).filter((name) => name !== keeping)
    for (const name of own.slice(0, Math.max(0, own.length + 1 - MOST))) this.remove(name)
    for (const name of this.names(this.prefix)) lying.add(name)
  }

  private remove(name: string): void {
    this.storage.removeItem(name)
    lying.delete(name)
  }

  /** The oldest first. */
  private names(start: string): string[] {
    const found = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index) ?? '')
    const at = (name: string): string => this.read(name)?.at ?? ''
    return found.filter((name) => name.startsWith(start)).sort((a, b) => (at(a) < at(b) ? -1 : 1))
  }

  /** null: there is none, it is too old, or another version of the page has written it. */
  private read(name: string): Draft | null {
    const text = this.storage.getItem(name)
    if (text === null) return null
    try {
      const draft = JSON.parse(text) as Draft
      const age = this.now() - Date.parse(draft.at)
      const whole = typeof draft.key === 'string' && typeof draft.values === 'object' && typeof draft.base === 'object'
      return whole && age < DAYS * 86_400_000 ? draft : null
    } catch {
      return null
    }
  }
}

/** Where a new record of that kind is being written: out of a call, for a customer, or neither. */
export function newPlace(kind: string, start: { call?: string | null; customer?: number | null } = {}): string {
  if (start.call) return `${kind}/new/call/${start.call}`
  return start.customer ? `${kind}/new/customer/${start.customer}` : `${kind}/new`
}

/** Does something lie here for a form? place: may change. */
export function useDraftAt(place: () => string | null): { readonly there: boolean } {
  const session = useSession()
  const drafts = (): FormDrafts => new FormDrafts(session.me?.login ?? '', localStorage)
  drafts().tidy()
  return {
    get there() {
      const where = place()
      return where !== null && drafts().has(where)
    },
  }
}

export interface FormDraft {
  /** When what stands in the form was typed, if it was found lying here; '': it was not. */
  at: string
  /** What is typed is not kept: this machine does not let us. */
  unkept: boolean
  /** Takes what lies at that place into the form. version: of the record as it is now; answers the one it was begun with. */
  begin: (place: string, version?: number) => { version: number; base: Record<string, unknown> }
  /** The form is as it was at the beginning, and nothing lies here. */
  discard: () => void
  /** The form is closed, and nothing of it is wanted. */
  drop: () => void
  /** The form is closed, or of something else now; what was typed lies here. */
  leave: () => void
  /** Sends it with its key; once it is saved, nothing lies here. */
  send: <Saved>(work: (key: string) => Promise<Saved>) => Promise<Saved>
}

/**
 * The draft of one form. values: what is typed, as JSON, by field; it is watched. take: puts some of them into the form.
 * discarded: the form was put back. worth: whether it is to be kept at all, though it differs.
 */
export function useDraft<Values extends object>(given: {
  values: () => Values
  take: (values: Partial<Values>) => void
  discarded?: () => void
  worth?: () => boolean
}): FormDraft {
  const session = useSession()
  const drafts = (): FormDrafts => new FormDrafts(session.me?.login ?? '', localStorage)
  let place: string | null = null
  let version = 0
  let key = newKey()
  let start: Record<string, string> = {}
  /** What was there when it was begun; of a record that others have changed since that is not the start of today. */
  let base: Record<string, string> = {}
  let last = ''

  const now = (): Record<string, string> =>
    Object.fromEntries(Object.entries(given.values()).map(([name, value]) => [name, JSON.stringify(value ?? null)]))

  const typed = (): [string, string][] => Object.entries(now()).filter(([name, text]) => text !== start[name])
  const parsed = (texts: [string, string][]): Record<string, unknown> =>
    Object.fromEntries(texts.map(([name, text]) => [name, JSON.parse(text) as unknown]))

  function begin(where: string, versionNow = 0): { version: number; base: Record<string, unknown> } {
    start = now()
    const found = drafts().of(where)
    place = where
    version = found?.version ?? versionNow
    key = found?.key ?? newKey()
    draft.at = found?.at ?? ''
    draft.unkept = false
    // Fields that the form does not have (any more) stay away.
    const known = (of: Record<string, unknown>): [string, unknown][] => Object.entries(of).filter(([name]) => name in start)
    base = { ...start, ...Object.fromEntries(known(found?.base ?? {}).map(([name, value]) => [name, JSON.stringify(value)])) }
    if (found) given.take(Object.fromEntries(known(found.values)) as Partial<Values>)
    last = JSON.stringify(typed())
    return { version, base: found?.base ?? {} }
  }

  function keep(): void {
    if (place === null) return
    const mine = typed()
    const text = JSON.stringify(mine)
    if (text === last) return // as it was found: typed then, not now
    last = text
    if (mine.length === 0 || given.worth?.() === false) {
      drafts().drop(place)
      draft.unkept = false
      return
    }
    const before = parsed(mine.map(([name]) => [name, base[name] ?? 'null']))
    draft.unkept = !drafts().keep(place, { key, version, values: parsed(mine), base: before })
  }

  function drop(): void {
    if (place !== null) drafts().drop(place)
    place = null
    draft.at = ''
    key = newKey()
  }

  function leave(): void {
    keep()
    place = null
    draft.at = ''
  }

  function discard(): void {
    if (place === null) return
    drafts().drop(place)
    draft.at = ''
    key = newKey()
    given.take(parsed(Object.entries(start)) as Partial<Values>)
    given.discarded?.()
  }

  async function send<Saved>(work: (key: string) => Promise<Saved>): Promise<Saved> {
    try {
      const saved = await work(key)
      drop()
      return saved
    } catch (why) {
      // It was saved, and how is not known: whoever has looked and presses again wants another one.
      if (why instanceof ApiError && why.code === 'kept_already') {
        key = newKey()
        last = ''
        keep()
      }
      throw why
    }
  }

  const draft = reactive<FormDraft>({ at: '', unkept: false, begin, discard, drop, leave, send })
  watch(() => JSON.stringify(now()), keep)
  return draft
}
