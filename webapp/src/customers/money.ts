/** Amounts as the office keeps them, in whole fen (or what the currency has), and as people read and write them. */

const MOST = 1e12

function placesOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/** 120205 CNY → "¥1,202.05". Other money is told apart: "US$0.05" in Chinese, "JPY 7" in both. */
export function moneyText(minor: number, currency: string, language: string): string {
  const currencyDisplay = currency === 'CNY' ? 'narrowSymbol' : currency === 'JPY' ? 'code' : 'symbol'
  const options = { style: 'currency', currency, currencyDisplay } as const
  return new Intl.NumberFormat(language, options).format(minor / 10 ** placesOf(currency))
}

/** "1,202.05" → 120205; null: it is no amount above nothing. The digits are moved, not multiplied: 0.29 stays 29. */
export function minorOf(text: string, currency: string): number | null {
  const found = /^(\d{1,13})(?:\.(\d+))?$/.exec(text.trim().replaceAll(',', '').replace('．', '.'))
  if (!found) return null
  const places = placesOf(currency)
  const [, whole = '', rest = ''] = found
  if (rest.length > places) return null
  const minor = Number(whole + rest.padEnd(places, '0'))
  return minor > 0 && minor <= MOST ? minor : null
}

/** As it is typed: 120205 → "1202.05". */
export function writtenOf(minor: number, currency: string): string {
  const places = placesOf(currency)
  return (minor / 10 ** places).toFixed(places)
}

/** Digits in fours, as on the card. */
export function cardText(number: string): string {
  return number.replace(/(\d{4})(?=\d)/g, '$1 ')
}

/** So that a posting which is sent twice, over a line that broke, is one. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (octet) => octet.toString(16).padStart(2, '0')).join('')
}
