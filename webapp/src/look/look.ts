/**
 * Light or dark: as the person chose on this machine, or as the system says. public/look.js does the first painting;
 * this follows a choice made here, in another tab, or by the system in the evening.
 */
import { readonly, ref } from 'vue'

export type Look = 'light' | 'dark' | 'system'
export const LOOKS: readonly Look[] = ['light', 'dark', 'system']
/** The sign-in page, which runs no script, has its look from the same cookie. No secret. */
const COOKIE = 'callcenterd_look'
const YEAR = 365 * 86400
/** Tells the other open pages of this browser; cookies do not. */
const TOLD = 'callcenterd.look'

const chosen = ref<Look>('system')
export const look = readonly(chosen)

export function keptLook(): Look {
  const kept = new RegExp(`(?:^|; )${COOKIE}=([^;]*)`).exec(document.cookie)?.[1]
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

export function chooseLook(wanted: Look): void {
  const age = wanted === 'system' ? 0 : YEAR
  document.cookie = `${COOKIE}=${wanted === 'system' ? '' : wanted}; path=/; max-age=${age}; samesite=lax`
  localStorage.setItem(TOLD, `${wanted} ${Date.now()}`)
  paint()
}

function paint(): void {
  chosen.value = keptLook()
  const dark = chosen.value === 'system' ? system().matches : chosen.value === 'dark'
  document.documentElement.classList.toggle('dark', dark)
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
}

function system(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)')
}

/** Once, at the start. */
export function followLook(): void {
  paint()
  system().addEventListener('change', paint)
  addEventListener('storage', (event) => {
    if (event.key === TOLD) paint()
  })
}
