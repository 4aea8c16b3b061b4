/** What people of the office write to each other (docs/api.md). */
import type { Role } from '../model'

export type StaffKind = 'message' | 'notice' | 'announcement'

export interface Audience {
  people: string[]
  teams: string[]
  roles: string[]
}

export interface StaffMessage {
  id: number
  kind: StaffKind
  at: string
  by: string
  to: string
  subject: string
  text: string
  audience: Audience
  confirm: boolean
  since: string
  until: string | null
  withdrawn_at: string | null
  /** Of who asks; of a message that they wrote, of the other one. */
  read_at: string | null
  confirmed_at: string | null
  of: number
  read: number
  confirmed: number
}

export interface StaffReader {
  login: string
  read_at: string | null
  confirmed_at: string | null
}

export interface StaffUnread {
  messages: number
  notices: number
  announcements: number
  /** When an announcement comes up or goes down next. */
  next_at: string | null
}

export interface Conversation {
  login: string
  last: StaffMessage
  unread: number
}

export interface Colleague {
  login: string
  name: string
  role: Role
  own_role: string
  teams: string[]
  notify: boolean
}

export interface Colleagues {
  items: Colleague[]
  total: number
  teams: { name: string; title: string }[]
  roles: { code: string; chinese: string; english: string }[]
}

export interface NoticeWanted {
  kind: 'notice' | 'announcement'
  subject: string
  text: string
  people: string[]
  teams: string[]
  roles: string[]
  confirm: boolean
  since: string | null
  until: string | null
  key: string
}

/** Does it still ask something of who has got it? */
export function waits(message: StaffMessage, me: string): boolean {
  if (message.by === me || message.withdrawn_at) return false
  return message.confirm ? message.confirmed_at === null : message.read_at === null
}
