/** The second factor of a sign-in (docs/api.md). */
import { ask } from '../api'
import type { Role } from '../model'

export interface Factor {
  on: boolean
  since: string | null
  recovery: number
  required: boolean
}

export interface Begun {
  /** To be typed into a device that reads no picture. */
  key: string
  picture: string
}

export interface FactorRoles {
  roles: Role[]
  logins: string[]
}

export const factor = {
  now: () => ask<Factor>('GET', '/session/second-factor'),
  begin: (password: string, code: string) => ask<Begun>('POST', '/session/second-factor', { password, code }),
  prove: (code: string) => ask<{ codes: string[] }>('POST', '/session/second-factor/prove', { code }),
  off: (password: string, code: string) => ask<void>('POST', '/session/second-factor/off', { password, code }),
  roles: () => ask<FactorRoles>('GET', '/second-factors'),
  setRoles: (roles: Role[]) => ask<FactorRoles>('PUT', '/second-factors', { roles }),
  reset: (login: string) => ask<void>('POST', `/users/${encodeURIComponent(login)}/second-factor/reset`, {}),
}
