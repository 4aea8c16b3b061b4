/** Which language the pages speak. Chinese first; a person's choice is kept on this machine. */
import elementEn from 'element-plus/es/locale/lang/en'
import elementZh from 'element-plus/es/locale/lang/zh-cn'
import type { Language as ElementLanguage } from 'element-plus/es/locale'
import { createI18n } from 'vue-i18n'

import { en } from './locales/en'
import { zh } from './locales/zh-CN'

export type Language = 'zh-CN' | 'en'
/** The sign-in page and every sentence of the server follow the same choice. No secret. */
const COOKIE = 'callcenterd_language'
const YEAR = 365 * 86400

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en },
  // The built pages would show the bare key and say nothing: what is missing is seen by who looks, and by a test.
  missing: (language, key) => console.error(`no words for ${key} in ${language}`),
})

export const elementLanguages: Record<Language, ElementLanguage> = { 'zh-CN': elementZh, en: elementEn }

/** What the person chose here before, or null. */
export function keptLanguage(): Language | null {
  const kept = new RegExp(`(?:^|; )${COOKIE}=([^;]*)`).exec(document.cookie)?.[1]
  return kept === 'zh-CN' || kept === 'en' ? kept : null
}

export function speak(language: Language, keep = true): void {
  i18n.global.locale.value = language
  document.documentElement.lang = language
  if (keep) document.cookie = `${COOKIE}=${language}; path=/; max-age=${YEAR}; samesite=lax`
}

export function asLanguage(text: string | undefined): Language {
  return text?.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}
