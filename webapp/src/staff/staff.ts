/**
 * Messages of colleagues, notices and announcements as every page has them: what waits, with whom one writes, and what
 * was said. After a lost connection everything shown is asked for again.
 */
import { ElNotification, type NotificationHandle } from 'element-plus/es/components/notification/index'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'

import { i18n } from '../i18n'
import { useLive } from '../live'
import { may } from '../rights'
import { useSession } from '../session'
import { staffApi } from './api'
import { newKey, StaffDrafts, type StaffDraft } from './drafts'
import type { Colleague, Colleagues, Conversation, StaffMessage, StaffUnread } from './model'

const PAUSE = 200
const PAGE = 50
const NEWS_SECONDS = 8
/** A timer of a browser holds 24 days at most. */
const LONGEST = 86_400_000

export type StaffTab = 'messages' | 'notices' | 'announcements'

export const useStaff = defineStore('staff', () => {
  const live = useLive()
  const session = useSession()

  const unread = ref<StaffUnread | null>(null)
  const known = shallowRef<Colleagues | null>(null)
  const conversations = ref<Conversation[] | null>(null)
  const open = ref(false)
  const tab = ref<StaffTab>('messages')
  /** With whom the open conversation is; null: none is. */
  const partner = ref<string | null>(null)
  /** The open conversation, the oldest first. */
  const said = ref<StaffMessage[]>([])
  const more = ref(false)
  const draft = ref<StaffDraft>({ text: '', key: '' })
  const sending = ref(false)
  /** Grows with every news: who shows a list reads it again. */
  const changes = ref(0)
  /** What this page has said to be read, while the answer is on its way. */
  const marked = new Set<number>()
  const shown = new Map<string, NotificationHandle>()
  let stops: (() => void)[] = []
  let pause: ReturnType<typeof setTimeout> | undefined
  let next: ReturnType<typeof setTimeout> | undefined

  const me = computed(() => session.me?.login ?? '')
  const allowed = computed(() => may(session.me, 'staff_message'))
  const tells = computed(() => may(session.me, 'staff_notice'))
  const count = computed(() => {
    const of = unread.value
    return of ? of.messages + of.notices + of.announcements : 0
  })
  const drafts = (): StaffDrafts => new StaffDrafts(me.value, localStorage)

  function colleague(login: string): Colleague | undefined {
    return known.value?.items.find((one) => one.login === login)
  }

  function nameOf(login: string): string {
    if (login === me.value) return session.me?.name || login
    return colleague(login)?.name || live.agentName(login)
  }

  function roleName(one: Colleagues['roles'][number]): string {
    const { locale, t } = i18n.global
    return (locale.value === 'en' ? one.english : one.chinese) || t(`role.${one.code}`)
  }

  async function loadColleagues(anew = false): Promise<void> {
    if (anew || known.value === null) known.value = await staffApi.colleagues()
  }

  async function loadUnread(): Promise<void> {
    if (!allowed.value) return
    try {
      unread.value = await staffApi.unread()
    } catch {
      return // the mark is a courtesy: it is asked for again with the next news, and when the connection is back
    }
    clearTimeout(next)
    const at = unread.value.next_at
    if (at) {
      const wait = Date.parse(at) - (Date.now() + live.offset) + 500
      next = setTimeout(soon, Math.min(LONGEST, Math.max(500, wait)))
    }
  }

  async function loadConversations(): Promise<void> {
    conversations.value = (await staffApi.conversations()).items
  }

  // ---- one conversation -----------------------------------------------------------------------------

  async function talkTo(login: string): Promise<void> {
    drop(login)
    open.value = true
    tab.value = 'messages'
    if (partner.value === login) return loadSaid()
    partner.value = login
    said.value = []
    draft.value = drafts().of(login)
    await Promise.all([loadColleagues(), loadSaid()])
  }

  function leaveTalk(): void {
    partner.value = null
    said.value = []
  }

  async function loadSaid(): Promise<void> {
    const login = partner.value
    if (login === null) return
    const found = await staffApi.list({ with: login, limit: PAGE })
    if (partner.value !== login) return
    const newest = [...found.items].reverse()
    const older = said.value.filter((one) => newest.length > 0 && one.id < (newest[0]?.id ?? 0))
    said.value = [...older, ...newest]
    more.value = found.total > said.value.length
    await see()
  }

  async function loadOlder(): Promise<void> {
    const [first] = said.value
    if (!first || partner.value === null) return
    const found = await staffApi.list({ with: partner.value, before: first.id, limit: PAGE })
    said.value = [...[...found.items].reverse(), ...said.value]
    more.value = found.total > said.value.length
  }

  /** What is shown to somebody who looks at it is read. */
  async function see(): Promise<void> {
    if (!open.value || partner.value === null || document.visibilityState === 'hidden') return
    const last = said.value.findLast((one) => one.by === partner.value)
    if (!last || last.read_at !== null || marked.has(last.id)) return
    marked.add(last.id)
    try {
      await staffApi.read(last.id)
    } catch (why) {
      marked.delete(last.id)
      throw why
    }
  }

  function type(text: string): void {
    draft.value = { text, key: draft.value.key || newKey() }
    if (partner.value) drafts().keep(partner.value, draft.value)
  }

  /** What could not be sent stays in its field. */
  async function send(): Promise<void> {
    const login = partner.value
    const { text, key } = draft.value
    if (!login || !text.trim() || sending.value) return
    sending.value = true
    try {
      const written = await staffApi.write(login, text, key)
      drafts().keep(login, { text: '', key })
      if (partner.value !== login) return
      // What was typed on while it went out is the next one.
      const rest = draft.value.text === text ? '' : draft.value.text.startsWith(text) ? draft.value.text.slice(text.length) : draft.value.text
      draft.value = { text: rest, key: newKey() }
      drafts().keep(login, draft.value)
      if (!said.value.some((one) => one.id === written.id)) said.value.push(written)
    } finally {
      sending.value = false
    }
  }

  // ---- news -----------------------------------------------------------------------------------------

  function soon(): void {
    clearTimeout(pause)
    pause = setTimeout(() => {
      changes.value += 1
      void loadUnread()
      if (open.value) refresh().catch(() => undefined) // the drawer says what is wrong when it is used
    }, PAUSE)
  }

  async function refresh(): Promise<void> {
    await Promise.all([loadConversations(), loadSaid()])
  }

  function drop(key: string): void {
    shown.get(key)?.close()
    shown.delete(key)
  }

  function news(data: Record<string, unknown>): void {
    const by = String(data.by)
    if (by === me.value) return
    const kind = String(data.kind)
    if (kind === 'message' && open.value && partner.value === by) return
    const key = kind === 'message' ? by : `${kind}-${String(data.message)}`
    drop(key)
    const text = String(data.text)
    shown.set(
      key,
      ElNotification({
        title:
          kind === 'message'
            ? i18n.global.t('staff.from', { who: nameOf(by) })
            : `${i18n.global.t(`staff.kinds.${kind}`)} · ${String(data.subject)}`,
        message: text.length > 120 ? `${text.slice(0, 120)}…` : text,
        type: 'info',
        duration: data.confirm ? 0 : NEWS_SECONDS * 1000,
        position: open.value ? 'bottom-left' : 'bottom-right', // the field to write in is on the right
        customClass: 'staff-news',
        onClick: () => {
          drop(key)
          if (kind === 'message') talkTo(by).catch(() => undefined)
          else show(kind === 'notice' ? 'notices' : 'announcements')
        },
        onClose: () => void shown.delete(key),
      }),
    )
  }

  function show(which: StaffTab): void {
    open.value = true
    tab.value = which
  }

  watch(open, (now) => {
    if (now) Promise.all([loadColleagues(), refresh()]).catch(() => undefined)
  })

  function start(): void {
    if (!allowed.value || stops.length) return
    void loadUnread()
    loadColleagues().catch(() => undefined) // without them people are shown by their logins
    const seen = (): void => void see().catch(() => undefined)
    document.addEventListener('visibilitychange', seen)
    stops = [
      live.listen((fact) => {
        if (fact.type === 'staff.message') news(fact.data)
        if (fact.type.startsWith('staff.') || fact.type === 'events.lost') soon()
        if (fact.type === 'site.changed') loadColleagues(true).catch(() => undefined)
      }),
      live.whenBack(soon),
      () => document.removeEventListener('visibilitychange', seen),
    ]
  }

  function stop(): void {
    for (const one of stops) one()
    stops = []
    for (const key of [...shown.keys()]) drop(key)
    clearTimeout(pause)
    clearTimeout(next)
  }

  return {
    unread,
    known,
    conversations,
    open,
    tab,
    partner,
    said,
    more,
    draft,
    sending,
    changes,
    me,
    allowed,
    tells,
    count,
    nameOf,
    roleName,
    loadColleagues,
    loadUnread,
    refresh,
    talkTo,
    leaveTalk,
    loadOlder,
    type,
    send,
    show,
    start,
    stop,
  }
})
