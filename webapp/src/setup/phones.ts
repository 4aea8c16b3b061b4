/** What is typed into which phone. */
import type { SetupState } from './model'

export const PHONES = ['page', 'linphone', 'baresip', 'generic', 'yealink', 'fanvil', 'grandstream', 'snom'] as const
export type PhoneKind = (typeof PHONES)[number]
/** They fetch their settings from us. */
export const FETCHING: readonly PhoneKind[] = ['yealink', 'fanvil', 'grandstream', 'snom']

export interface PhoneValue {
  /** Message key under `setup.agent`. */
  label: 'server' | 'port' | 'transport' | 'user' | 'auth' | 'password' | 'account'
  value: string
  secret?: boolean
}

/** UDP before TCP before TLS: what every phone can do. */
export function doorOf(state: SetupState): { transport: string; port: number } {
  for (const transport of ['udp', 'tcp', 'tls']) {
    const door = state.doors.find((known) => known.transport === transport)
    if (door) return door
  }
  return { transport: 'udp', port: 5060 }
}

/** password: '' if it is not known any more. */
export function valuesOf(kind: PhoneKind, state: SetupState, number: string, password: string): PhoneValue[] {
  const { transport, port } = doorOf(state)
  const place = port === 5060 ? state.host : `${state.host}:${port}`
  if (kind === 'page' || FETCHING.includes(kind)) return []
  if (kind === 'baresip') {
    const line = `<sip:${number}@${place};transport=${transport}>;auth_user=${number};auth_pass=${password};regint=300`
    return [{ label: 'account', value: password ? line : '', secret: true }]
  }
  const values: PhoneValue[] = [
    { label: 'user', value: number },
    { label: 'password', value: password, secret: true },
    { label: 'server', value: kind === 'linphone' ? place : state.host },
    { label: 'transport', value: transport.toUpperCase() },
  ]
  if (kind === 'generic') {
    values.splice(1, 0, { label: 'auth', value: number })
    values.push({ label: 'port', value: String(port) })
  }
  return values
}

/** May a phone reach that name? Not one that means this very machine. */
export const isOnlyHere = (host: string): boolean => /^(localhost|127\.|\[?::1)/.test(host)
