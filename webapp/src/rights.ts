/** Which pages the menu shows to a role: a courtesy to the eye. What may be done is decided by the server. */
import type { Role } from './model'

export type PageName = 'desk' | 'duties' | 'history' | 'customers' | 'consultations' | 'complaints' | 'query' | 'live' | 'admin'

const PAGES: Record<Role, readonly PageName[]> = {
  agent: ['desk', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query'],
  supervisor: ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query'],
  manager: ['live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query'],
  admin: ['desk', 'live', 'duties', 'history', 'customers', 'consultations', 'complaints', 'query', 'admin'],
}

/** In the order of the menu. */
export function pagesOf(role: Role): readonly PageName[] {
  return PAGES[role]
}

/** Add cards, set their PINs, and post. */
export function keepsCards(role: Role | undefined): boolean {
  return role === 'supervisor' || role === 'admin'
}

/** Lift the lock that wrong PINs have put on a card. */
export function unlocksCards(role: Role | undefined): boolean {
  return role === 'admin'
}

/** Remove files that others have attached. */
export function removesFiles(role: Role | undefined): boolean {
  return role === 'supervisor' || role === 'admin'
}

/** Bring customers in from a file. */
export function importsCustomers(role: Role | undefined): boolean {
  return role !== undefined && role !== 'agent'
}

/** Take a pack of evidence away. */
export function takesEvidence(role: Role | undefined): boolean {
  return role === 'manager' || role === 'admin'
}

/** Merge doubles, and put customers into the recycle bin. */
export function mergesCustomers(role: Role | undefined): boolean {
  return role === 'supervisor' || role === 'admin'
}

/** Bring customers back from the bin, and erase them. */
export function keepsBin(role: Role | undefined): boolean {
  return role === 'admin'
}

/** Take all that a query finds away as a file. */
export function exportsQueries(role: Role | undefined): boolean {
  return role !== undefined && role !== 'agent'
}

const START: Record<Role, PageName> = { agent: 'desk', supervisor: 'live', manager: 'live', admin: 'admin' }

/** Where a role begins its day. */
export function startOf(role: Role): PageName {
  return START[role]
}
