/** Custom fields as forms and sheets have them: which there are, who fills them in, and how a value reads. */
import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'
import { useRouter, type RouteLocationRaw } from 'vue-router'

import { api, ApiError } from '../api'
import { useDictionaries } from '../dictionaries'
import { documents } from '../documents/api'
import { i18n } from '../i18n'
import { say } from '../saying'
import { useSession } from '../session'
import { fieldsApi, type RecordTarget } from './api'
import type { CustomField, FieldKind, FieldTarget, FieldValue, FieldValues } from './model'

const PLACES: Record<Exclude<FieldTarget, 'user'>, string> = {
  customer: 'customers',
  consultation: 'consultations',
  complaint: 'complaints',
  follow_up: 'follow-ups',
  appointment: 'appointments',
}
export const isRecord = (target: FieldTarget | ''): target is RecordTarget =>
  target !== '' && target !== 'customer' && target !== 'user'
export const referredAs = (one: { number: string; name: string }): string => [one.number, one.name].filter(Boolean).join(' · ')

export const useFields = defineStore('fields', () => {
  const words = useDictionaries()
  const session = useSession()
  const router = useRouter()
  const fields = ref<CustomField[]>([])
  let asking: Promise<void> | null = null

  /** What cannot be had is asked for again next time; until then a record shows no custom fields. */
  function load(anew = false): Promise<void> {
    if (anew) asking = null
    void words.load()
    asking ??= fieldsApi.all().then(
      (found) => void (fields.value = found.items),
      () => void (asking = null),
    )
    return asking
  }

  const of = (kind: FieldKind): CustomField[] => fields.value.filter((field) => field.kind === kind)
  const label = (field: CustomField): string => (i18n.global.locale.value === 'en' ? field.english : field.chinese)

  function mayWrite(field: CustomField): boolean {
    const role = session.me?.role
    return !field.retired && role !== undefined && (role === 'admin' || field.writers.includes(role))
  }

  /** What may be chosen: what is offered now, and what stands there already. */
  function choices(field: CustomField, present: readonly string[]): { code: string; text: string }[] {
    if (field.dictionary) return words.choices(field.dictionary, present)
    return field.choices
      .filter((choice) => !choice.retired || present.includes(choice.code))
      .map((choice) => ({ code: choice.code, text: choiceText(field, choice.code) }))
  }

  function choiceText(field: CustomField, code: string): string {
    if (field.dictionary) return words.word(field.dictionary, code)
    const known = field.choices.find((choice) => choice.code === code)
    return known ? (i18n.global.locale.value === 'en' ? known.english : known.chinese) : code
  }

  /**
   * What is referred to, as "complaint/7": a customer's name; of a record the number of its sheet, with the name. null:
   * gone, or not to be seen.
   */
  const referred = reactive(new Map<string, string | null>())
  /** Not reactive: what could not be asked is asked again when it is next shown, and not over and over. */
  const unanswered = new Set<string>()

  function ask(key: string, target: 'customer' | RecordTarget, id: number): void {
    unanswered.delete(key)
    referred.set(key, '')
    const name =
      target === 'customer'
        ? api.customer(id).then((customer) => customer.name || i18n.global.t('customer.unnamed'))
        : fieldsApi.referred(target, id).then(referredAs)
    name.then(
      (found) => referred.set(key, found),
      (why) => {
        if (why instanceof ApiError && [403, 404].includes(why.status)) referred.set(key, null)
        else unanswered.add(key)
      },
    )
  }

  /** Its number until it is known. */
  function referredText(target: 'customer' | RecordTarget, id: number): string {
    const key = `${target}/${id}`
    if (!referred.has(key) || unanswered.has(key)) ask(key, target, id)
    const known = referred.get(key)
    return known === null ? i18n.global.t('fields.gone', { n: id }) : known || `${id}`
  }

  /** The names of a record's files; a file that is not known yet is its number. */
  const files = reactive(new Map<number, string>())
  async function loadFiles(kind: FieldKind, record: number): Promise<void> {
    try {
      for (const one of (await documents.attachments(kind, String(record))).items) files.set(one.id, one.name)
    } catch (why) {
      say.fault(why)
    }
  }

  /** As people read it. */
  function text(field: CustomField, value: FieldValue | null | undefined): string {
    if (value === null || value === undefined) return ''
    if (Array.isArray(value)) return value.map((code) => choiceText(field, code)).join(i18n.global.t('customer.and'))
    if (typeof value === 'boolean') return i18n.global.t(value ? 'say.yes' : 'say.no')
    if (field.type === 'choice') return choiceText(field, String(value))
    if (typeof value === 'number' && field.type === 'number')
      return value.toLocaleString(i18n.global.locale.value, { maximumFractionDigits: 4 })
    if (typeof value === 'number' && field.type === 'file') return files.get(value) ?? String(value)
    if (typeof value === 'number' && field.target !== '' && field.target !== 'user') return referredText(field.target, value)
    return String(value)
  }

  /** What a form sends: every field that it shows to be filled in, empty ones too. */
  function filled(kind: FieldKind, values: FieldValues = {}): FieldValues {
    return Object.fromEntries(of(kind).filter(mayWrite).map((field) => [field.name, values[field.name] ?? null]))
  }

  /** Where what is referred to can be read; null: nowhere, or it is gone. */
  function placeOf(field: CustomField, value: FieldValue): RouteLocationRaw | null {
    if (field.type !== 'reference' || field.target === '' || field.target === 'user') return null
    const name = PLACES[field.target]
    const gone = referred.get(`${field.target}/${String(value)}`) === null
    return gone || !router.hasRoute(name) ? null : { name, params: { id: String(value) } }
  }

  return { fields, load, of, label, mayWrite, choices, text, filled, placeOf, files, loadFiles }
})
