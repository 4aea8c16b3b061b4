/** What the pages ask about proposals. */
import { ask, make, send } from '../api'
import type { Listing } from '../model'
import type {
  Draft,
  Letterhead,
  PaperLanguage,
  Proposal,
  ProposalTemplate,
  ProposalWords,
  TemplateList,
} from './model'

export interface Wanted {
  template: number
  language: PaperLanguage
  title: string
  /** Instead of the template's. */
  text: string | null
}

const words = ({ name_zh, name_en, text_zh, text_en, retired }: ProposalWords): ProposalWords => ({
  name_zh,
  name_en,
  text_zh,
  text_en,
  retired,
})

export const proposalsApi = {
  templates: () => ask<TemplateList>('GET', '/proposal-templates'),
  create: (one: ProposalWords) => ask<ProposalTemplate>('POST', '/proposal-templates', words(one)),
  /** version: the one that was read; another by now is a 409 with what is now. */
  change: (id: number, one: ProposalWords, version: number) =>
    ask<ProposalTemplate>('PUT', `/proposal-templates/${id}`, { ...words(one), version }),
  preview: (language: PaperLanguage, title: string, text: string) =>
    ask<{ html: string }>('POST', '/proposal-templates/preview', { language, title, text }),
  sample: async (language: PaperLanguage, title: string, text: string) =>
    (await send('POST', '/proposal-templates/print', 'application/json', JSON.stringify({ language, title, text }))).blob(),
  letterhead: () => ask<Letterhead>('GET', '/letterhead'),
  putLetterhead: (one: Letterhead) => {
    const { name_zh, name_en, address_zh, address_en, phone, email, version } = one
    return ask<Letterhead>('PUT', '/letterhead', { name_zh, name_en, address_zh, address_en, phone, email, version })
  },
  of: (customer: number) => ask<Listing<Proposal>>('GET', `/customers/${customer}/proposals?limit=100`),
  draft: (customer: number, wanted: Wanted) => ask<Draft>('POST', `/customers/${customer}/proposals/preview`, wanted),
  make: (customer: number, wanted: Wanted, after: number | null, key: string) =>
    make<Proposal>(`/customers/${customer}/proposals`, { ...wanted, after }, key),
}
