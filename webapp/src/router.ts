/** The pages and their addresses under /app/. Each page's code is fetched when it is first opened. */
import { createRouter, createWebHistory } from 'vue-router'

import { ADMIN_PARTS } from './admin/parts'
import { ApiError } from './api'
import type { PageName } from './rights'
import { say } from './saying'
import { useSession } from './session'
import { STEPS } from './setup/model'
import { isEmpty } from './setup/setup'

declare module 'vue-router' {
  interface RouteMeta {
    page?: PageName
    /** Without it there is nothing on the page; who has it finds a button that leads there. */
    right?: string
  }
}

export const router = createRouter({
  history: createWebHistory('/app/'),
  routes: [
    { path: '/', redirect: () => ({ name: useSession().start }) },
    { path: '/desk', name: 'desk', component: () => import('./desk/DeskPage.vue'), meta: { page: 'desk' } },
    {
      path: '/history/:call?',
      name: 'history',
      component: () => import('./history/HistoryPage.vue'),
      meta: { page: 'history' },
    },
    {
      path: '/recordings/:id([\\w-]+)?',
      name: 'recordings',
      component: () => import('./recordings/RecordingsPage.vue'),
      meta: { page: 'recordings' },
    },
    {
      path: '/customers/:id(\\d+|new)?',
      name: 'customers',
      component: () => import('./customers/CustomersPage.vue'),
      meta: { page: 'customers' },
    },
    {
      path: '/imports/:id(\\d+)?',
      name: 'imports',
      component: () => import('./imports/ImportsPage.vue'),
      meta: { page: 'customers', right: 'customer.import' },
    },
    {
      path: '/duties/:id(\\d+)?',
      name: 'duties',
      component: () => import('./duties/DutiesPage.vue'),
      meta: { page: 'duties' },
    },
    {
      path: '/consultations/:id(\\d+)?',
      name: 'consultations',
      component: () => import('./consultations/ConsultationsPage.vue'),
      meta: { page: 'consultations' },
    },
    {
      path: '/complaints/:id(\\d+)?',
      name: 'complaints',
      component: () => import('./complaints/ComplaintsPage.vue'),
      meta: { page: 'complaints' },
    },
    {
      path: '/appointments/:id(\\d+)?',
      name: 'appointments',
      component: () => import('./appointments/AppointmentsPage.vue'),
      meta: { page: 'appointments' },
    },
    {
      path: '/follow-ups/:id(\\d+)?',
      name: 'follow-ups',
      component: () => import('./followups/FollowUpsPage.vue'),
      meta: { page: 'follow-ups' },
    },
    {
      path: '/campaigns/:id(\\d+)?',
      name: 'campaigns',
      component: () => import('./campaigns/CampaignsPage.vue'),
      meta: { page: 'campaigns' },
    },
    {
      path: '/outbox/:id(\\d+)?',
      name: 'outbox',
      component: () => import('./outbox/OutboxPage.vue'),
      meta: { page: 'outbox' },
    },
    {
      path: '/notices/:id(\\d+)?',
      name: 'notices',
      component: () => import('./staff/NoticesPage.vue'),
      meta: { page: 'notices' },
    },
    {
      path: '/quality/:id(\\d+)?',
      name: 'quality',
      component: () => import('./quality/QualityPage.vue'),
      meta: { page: 'quality' },
    },
    { path: '/query', name: 'query', component: () => import('./query/QueryPage.vue'), meta: { page: 'query' } },
    { path: '/live', name: 'live', component: () => import('./wall/LivePage.vue'), meta: { page: 'live' } },
    { path: '/seats', name: 'seats', component: () => import('./seats/SeatsPage.vue'), meta: { page: 'live', right: 'seat' } },
    {
      path: '/displays',
      name: 'displays',
      component: () => import('./display/DisplaysPage.vue'),
      meta: { page: 'live', right: 'display' },
    },
    {
      path: `/admin/:part(${ADMIN_PARTS.join('|')})?`,
      name: 'admin',
      component: () => import('./admin/AdminPage.vue'),
      meta: { page: 'admin' },
    },
    {
      path: `/setup/:part(${STEPS.join('|')})?`,
      name: 'setup',
      component: () => import('./setup/SetupPage.vue'),
      meta: { page: 'admin' },
    },
    {
      path: '/flows/:flow',
      name: 'flow',
      component: () => import('./flow/FlowPage.vue'),
      props: true,
      meta: { page: 'admin' },
    },
    { path: '/:rest(.*)', name: 'missing', component: () => import('./shell/MissingPage.vue') },
  ],
})

// Who administers an empty office begins with the set-up; once, and not where it was put off.
router.beforeEach(async (to) => {
  if (to.name !== 'admin' || to.redirectedFrom?.path !== '/') return true
  try {
    return (await isEmpty()) ? { name: 'setup' } : true
  } catch (why) {
    say.fault(why)
    return true
  }
})

// A page that stays open over an update of the server asks for code that is not there any more: it is loaded anew, once
// (what is typed is kept by then, see desk.ts). A server that is away is only said: reloading would lose the page.
const LOADED_ANEW = 'callcenterd.loaded-anew'
router.onError((fault, to) => {
  console.error(fault)
  const { href } = router.resolve(to.fullPath)
  if (sessionStorage.getItem(LOADED_ANEW) === href) return say.fault(fault)
  fetch(href, { method: 'HEAD' }).then(
    (answer) => {
      if (!answer.ok) return say.fault(fault)
      sessionStorage.setItem(LOADED_ANEW, href)
      location.assign(href)
    },
    () => say.fault(new ApiError(0, 'unreachable', '')),
  )
})
router.afterEach(() => sessionStorage.removeItem(LOADED_ANEW))
