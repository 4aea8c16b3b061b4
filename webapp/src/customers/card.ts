/** What must be right on a card before it is sent; the server checks again. Values are message keys of `customer`. */
import type { Card } from '../model'

export type CardFaults = Partial<Record<'name' | 'phones' | 'email', 'nameOrPhone' | 'badPhone' | 'badEmail'>>

export function cardFaults(card: Card): CardFaults {
  const phones = card.phones.map((phone) => phone.trim()).filter(Boolean)
  const faults: CardFaults = {}
  if (!card.name.trim() && phones.length === 0) faults.name = 'nameOrPhone'
  if (phones.some((phone) => !/^\+?[\d\s().*#-]{2,}$/.test(phone))) faults.phones = 'badPhone'
  if (card.email.trim() && !/^[^\s@]+@[^\s@]+$/.test(card.email.trim())) faults.email = 'badEmail'
  return faults
}

/** A card without what the store adds: to be edited and sent. */
export function cardOf(customer: Card): Card {
  const { name, phones, card, sex, company, address, email, level, note } = customer
  return { name, phones: [...phones], card, sex, company, address, email, level, note }
}

/** Nothing was typed that would be lost. */
export function sameCard(one: Card, other: Card): boolean {
  const written = (card: Card): Card => ({ ...card, phones: card.phones.map((phone) => phone.trim()).filter(Boolean) })
  return JSON.stringify(cardOf(written(one))) === JSON.stringify(cardOf(written(other)))
}
