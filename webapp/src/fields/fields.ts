/** Custom fields as forms and sheets have them: which there are, who fills them in, and how a value reads. */
import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'

import { api } from '../api'
import { useDictionaries } from '../dictionaries'
import { documents } from '../documents/api'
import { i18n } from '../i18n'
import { say } from '../saying'
import { useSession } from '../session'
import { fieldsApi } from './api'
import type { CustomField, FieldKind, FieldValue, FieldValues } from './model'

export const useFields = defineStore('fields', () => {
  const words = useDictionaries()
  const session = useSession()
  const fields = ref<CustomField[]>([])
  const customers = reactive(new Map<number, string>())
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

  /** The name of a customer who is referred to; their number until it is known. */
  function customerText(id: number): string {
    const known = customers.get(id)
    if (known === undefined) {
      customers.set(id, '')
      api.customer(id).then(
        (customer) => customers.set(id, customer.name || i18n.global.t('customer.unnamed')),
        () => customers.delete(id), // its number says whom it means; the next time it is asked for again
      )
    }
    return known || `${id}`
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
    if (typeof value === 'number' && field.target === 'customer') return customerText(value)
    return String(value)
  }

  /** What a form sends: every field that it shows to be filled in, empty ones too. */
  function filled(kind: FieldKind, values: FieldValues = {}): FieldValues {
    return Object.fromEntries(of(kind).filter(mayWrite).map((field) => [field.name, values[field.name] ?? null]))
  }

  return { fields, load, of, label, mayWrite, choices, text, filled, customers, files, loadFiles }
})
