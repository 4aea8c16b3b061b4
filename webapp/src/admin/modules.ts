/** Parts of the system that an office may do without: what each is, and what is gone with it. */
import { ask } from '../api'
import type { Listing } from '../model'

/** uses: modules without which it does less. nodes: of flows, that need it. flows: those in service that have some. */
export interface Module {
  name: string
  on: boolean
  chinese: string
  english: string
  uses: string[]
  nodes: string[]
  flows: string[]
}

export const modulesApi = {
  all: () => ask<Listing<Module>>('GET', '/modules'),
  turn: (name: string, on: boolean) => ask<Module>('PUT', `/modules/${encodeURIComponent(name)}`, { on }),
}

/** Those that do less without this one, and are on. */
export function usedBy(all: readonly Module[], name: string): Module[] {
  return all.filter((one) => one.on && one.uses.includes(name))
}

/** Those that this one uses and that are off. */
export function lacks(all: readonly Module[], one: Module): Module[] {
  return all.filter((other) => one.uses.includes(other.name) && !other.on)
}
