/** Proposals and their templates, as the server has them (docs/api.md). */
import type { Listing } from '../model'

export const LANGUAGES = ['zh-CN', 'en'] as const
export type PaperLanguage = (typeof LANGUAGES)[number]

export interface ProposalWords {
  name_zh: string
  name_en: string
  text_zh: string
  text_en: string
  retired: boolean
}

export interface ProposalTemplate extends ProposalWords {
  id: number
  version: number
  changed_at: string
  changed_by: string
}

export interface NamedField {
  name: string
  chinese: string
  english: string
}

export interface TemplateList extends Listing<ProposalTemplate> {
  fields: NamedField[]
  most_text: number
  /** To begin a new one with. */
  example: ProposalWords
}

export interface Letterhead {
  name_zh: string
  name_en: string
  address_zh: string
  address_en: string
  phone: string
  email: string
  version: number
}

export interface Proposal {
  id: number
  number: string
  version: number
  customer: number | null
  template: number | null
  language: PaperLanguage
  title: string
  text: string
  attachment: number | null
  at: string
  by: string
}

export interface Draft {
  title: string
  text: string
  html: string
  /** Fields of the text that hold nothing. */
  empty: string[]
}

const key = (language: PaperLanguage): 'zh' | 'en' => (language === 'en' ? 'en' : 'zh')
export const nameIn = (words: ProposalWords, language: PaperLanguage): string => words[`name_${key(language)}`]
export const textIn = (words: ProposalWords, language: PaperLanguage): string => words[`text_${key(language)}`]

/** Languages that a template has a text in. */
export const languagesOf = (words: ProposalWords): PaperLanguage[] =>
  LANGUAGES.filter((language) => textIn(words, language).trim() !== '')

/** Where a field goes into a text: instead of what is chosen. Answers the text, and where the cursor stands then. */
export function withField(text: string, name: string, from: number, to: number): { text: string; at: number } {
  const put = `{${name}}`
  return { text: text.slice(0, from) + put + text.slice(to), at: from + put.length }
}

/** Of versions, newest first: is this one the last of its number? Only of that one there is a next version. */
export const isLast = (one: Proposal, all: readonly Proposal[]): boolean =>
  all.every((other) => other.number !== one.number || other.version <= one.version)
