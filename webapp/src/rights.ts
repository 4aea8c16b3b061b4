/** Which pages the menu shows to a role: a courtesy to the eye. What may be done is decided by the server. */
import type { Me, Role } from './model'

export type PageName = 'desk' | 'duties' | 'history' | 'recordings' | 'customers' | 'consultations' | 'complaints' | 'follow-ups' | 'appointments' | 'campaigns' | 'outbox' | 'notices' | 'quality' | 'query' | 'live' | 'admin'

const PAGES: Record<Role, readonly PageName[]> = {
  agent: ['desk', 'duties', 'history', 'customers', 'consultations', 'complaints', 'follow-ups', 'appointments', 'campaigns', 'outbox', 'quality', 'query'],
  supervisor: ['desk', 'live', 'duties', 'history', 'recordings', 'customers', 'consultations', 'complaints', 'follow-ups', 'appointments', 'campaigns', 'outbox', 'notices', 'quality', 'query'],
  manager: ['live', 'duties', 'history', 'recordings', 'customers', 'consultations', 'complaints', 'follow-ups', 'appointments', 'campaigns', 'outbox', 'notices', 'quality', 'query'],
  admin: ['desk', 'live', 'duties', 'history', 'recordings', 'customers', 'consultations', 'complaints', 'follow-ups', 'appointments', 'campaigns', 'outbox', 'notices', 'quality', 'query', 'admin'],
}

/** The right without which there is nothing on a page; of several, one is enough. */
const NEEDED: Partial<Record<PageName, string | readonly string[]>> = {
  desk: 'desk',
  duties: 'duty',
  history: 'call.read',
  recordings: 'recording.play',
  customers: 'customer.read',
  consultations: 'consultation.read',
  complaints: 'complaint',
  appointments: 'appointment.read',
  'follow-ups': 'follow_up.read',
  campaigns: ['campaign', 'do_not_call'],
  outbox: 'customer_message',
  notices: 'staff_notice',
  quality: 'appraisal.read',
  query: 'query',
}

type Rights = Pick<Me, 'rights'> | null | undefined

/** Has who uses this page that right now? */
export function may(me: Rights, right: string): boolean {
  return me?.rights.includes(right) ?? false
}

/** Is that part of the system switched on here? */
export function has(me: Pick<Me, 'off'> | null | undefined, module: string): boolean {
  return !me?.off?.includes(module)
}

/** In the order of the menu; what an administrator has taken from the role is not there. */
export function pagesOf(me: Pick<Me, 'role' | 'rights'>): readonly PageName[] {
  return PAGES[me.role].filter((page) => [NEEDED[page] ?? 'session'].flat().some((right) => may(me, right)))
}

/** Add cards, set their PINs, and post. */
export function keepsCards(me: Rights): boolean {
  return may(me, 'card.write')
}

/** Lift the lock that wrong PINs have put on a card. */
export function unlocksCards(me: Rights): boolean {
  return may(me, 'card.unlock')
}

/** Remove files that others have attached. */
export function removesFiles(me: Rights): boolean {
  return may(me, 'attachment.remove.any')
}

/** Bring customers in from a file. */
export function importsCustomers(me: Rights): boolean {
  return may(me, 'customer.import')
}

/** Take a pack of evidence away. */
export function takesEvidence(me: Rights): boolean {
  return may(me, 'evidence')
}

/** Hand a follow-up to somebody else, or take a colleague's. */
export function handsFollowUpsOver(me: Rights): boolean {
  return may(me, 'follow_up.assign')
}

/** Merge doubles, and put customers into the recycle bin. */
export function mergesCustomers(me: Rights): boolean {
  return may(me, 'customer.merge')
}

/** Bring customers back from the bin, and erase them. */
export function keepsBin(me: Rights): boolean {
  return may(me, 'customer.bin')
}

/** Take all that a query finds away as a file. */
export function exportsQueries(role: Role | undefined): boolean {
  return role !== undefined && role !== 'agent'
}

const START: Record<Role, PageName> = { agent: 'desk', supervisor: 'live', manager: 'live', admin: 'admin' }

/** Where a role begins its day: its own page, or the first one that is left to it. */
export function startOf(me: Pick<Me, 'role' | 'rights'>): PageName {
  const pages = pagesOf(me)
  return pages.includes(START[me.role]) ? START[me.role] : (pages[0] ?? 'history')
}
