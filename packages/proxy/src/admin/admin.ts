/**
 * The admin interface as a function of requests: which page, by which method, and whether it may be asked for.
 * Read-only unless told otherwise: whoever reaches the port could else stop the proxy.
 */
import type { StringMatcher } from '@sluice/resources';
import { compileOperatorMatcher } from '../operator-matcher.ts';
import { escapeHtml, text, type AdminContext, type AdminPage, type AdminResponse } from './admin-page.ts';
import { certificatesPage } from './certificate-pages.ts';
import { changePages } from './change-pages.ts';
import { clustersPage } from './cluster-pages.ts';
import { configDumpPage } from './config-dump.ts';
import { explainPage } from './explain-page.ts';
import { listenersPage } from './listener-pages.ts';
import { initDumpPage, memoryPage, readyPage, serverInfoPage } from './server-pages.ts';
import { processPages } from './process-pages.ts';
import { runtimePages } from './runtime-pages.ts';
import { prometheusPage, statsPage } from './stats-pages.ts';

export interface AdminOptions extends AdminContext {
  /** Paths that may be asked for; empty is all. Others answer 403. */
  readonly allowPaths: readonly StringMatcher[];
  /** Whether pages that change something work. Default in the bootstrap's server: false. */
  readonly allowsChanges: boolean;
}

export interface AdminRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
}

export interface Admin {
  handle(request: AdminRequest): Promise<AdminResponse>;
}

const pages: readonly AdminPage[] = [
  certificatesPage,
  clustersPage,
  configDumpPage,
  initDumpPage,
  listenersPage,
  memoryPage,
  readyPage,
  serverInfoPage,
  statsPage,
  prometheusPage,
  ...runtimePages,
  ...processPages,
  explainPage,
  ...changePages,
];

export function createAdmin(options: AdminOptions): Admin {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  return {
    async handle({ method, target }) {
      const [path = '', query = ''] = target.split('?', 2);
      if (!isAllowed(path, options.allowPaths)) return text(`${path} is not allowed by allow_paths`, 403);
      if (path === '/' || path === '/help') return path === '/' ? homePage() : text(helpText());
      const page = byPath.get(path);
      if (!page) return text(`no such page; these exist:\n${helpText()}`, 404);
      const refusal = refuse(page, method, options.allowsChanges);
      return refusal ?? page.answer(new URLSearchParams(query), options);
    },
  };
}

function refuse(page: AdminPage, method: string, allowsChanges: boolean): AdminResponse | undefined {
  const methods = page.mutates ? ['POST'] : ['GET', 'HEAD'];
  if (!methods.includes(method)) return text(`${page.path} must be asked for by ${methods[0]}`, 405);
  if (page.mutates && !allowsChanges) return text('this admin server is read-only', 403);
  return undefined;
}

function isAllowed(path: string, matchers: readonly StringMatcher[]): boolean {
  return matchers.length === 0 || matchers.some((matcher) => compileOperatorMatcher(matcher)(path));
}

function helpText(): string {
  const all = [{ path: '/', help: 'links to all pages' }, { path: '/help', help: 'this list' }, ...pages];
  return all.map(({ path, help }) => `  ${path}: ${help}\n`).join('');
}

function homePage(): AdminResponse {
  const rows = pages.map(({ path, help, mutates }) => {
    const name = mutates ? `POST ${path}` : `<a href="${path}">${path}</a>`;
    return `<tr><td>${name}</td><td>${escapeHtml(help)}</td></tr>`;
  });
  const body = `<!doctype html><title>sluice proxy</title><table>\n${rows.join('\n')}\n</table>\n`;
  return { status: 200, contentType: 'text/html; charset=UTF-8', body };
}
