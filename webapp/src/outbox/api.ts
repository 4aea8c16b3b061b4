/** What the pages ask about messages to customers. */
import { ask, make, queryText } from '../api'
import type { Listing } from '../model'
import type { Channel, HandPurpose, Message, Template, TemplateWithFields, TextLanguage } from './model'

export interface MessageConditions {
  state?: string
  channel?: string
  purpose?: string
  agent?: string
  customer?: number
  kind?: string
  record?: string
  since?: string
  until?: string
  text?: string
}

export interface MessageList extends Listing<Message> {
  /** Is there a gateway? Without one SMS wait. */
  sms: boolean
}

export interface Begun {
  address: string
  subject: string
  text: string
  refused: boolean
}

export interface Written {
  channel: Channel
  customer: number
  kind?: string
  record?: string
  address: string
  subject: string
  text: string
  purpose: HandPurpose | null
  not_before: string | null
  key: string
}

export const outboxApi = {
  list: (conditions: MessageConditions & { limit: number; offset: number }) =>
    ask<MessageList>('GET', `/customer-messages${queryText({ ...conditions })}`),
  one: (id: number) => ask<Message>('GET', `/customer-messages/${id}`),
  cancel: (id: number) => ask<Message>('POST', `/customer-messages/${id}/cancel`, {}),
  again: (id: number) => ask<Message>('POST', `/customer-messages/${id}/again`, {}),
  /** record: the follow-up that a text of that purpose is about. */
  begin: (customer: number, purpose: HandPurpose, channel: Channel, language: TextLanguage, record = '') =>
    ask<Begun>('POST', '/customer-messages/begin', { customer, purpose, channel, language, record }),
  send: (message: Written) => make<Message>('/customer-messages', message, message.key),
  templates: () => ask<Listing<TemplateWithFields>>('GET', '/message-templates'),
  /** version: the one that was read; another by now is a 409 with what is now. */
  change: ({ purpose, channel, language }: Template, subject: string, text: string, version: number) =>
    ask<Template>('PUT', `/message-templates/${purpose}/${channel}/${language}`, { subject, text, version }),
}
