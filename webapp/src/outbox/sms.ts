/** How many parts a text takes as an SMS (3GPP TS 23.038, 23.040); as callcenterd/model/sms.py counts. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Two septets each, which stay together. */
const EXTENDED = new Set('\f^{}\\[~]|€')
/** Units of a message that is alone, and of each part of a longer one. */
const ROOM = { gsm7: [160, 153], ucs2: [70, 67] } as const

export interface SmsSize {
  code: keyof typeof ROOM
  units: number
  segments: number
}

/** One character outside the alphabet of 7 bits makes the whole text one of 16. An empty text is one part. */
export function sizeOf(text: string): SmsSize {
  const signs = [...text]
  const gsm = signs.every((sign) => BASIC.has(sign) || EXTENDED.has(sign))
  const code = gsm ? 'gsm7' : 'ucs2'
  const widths = signs.map((sign) => (gsm ? (EXTENDED.has(sign) ? 2 : 1) : sign.length))
  const [alone, part] = ROOM[code]
  const units = widths.reduce((sum, width) => sum + width, 0)
  if (units <= alone) return { code, units, segments: 1 }
  let segments = 1
  let left: number = part
  for (const width of widths) {
    if (width > left) {
      segments += 1
      left = part
    }
    left -= width
  }
  return { code, units, segments }
}
