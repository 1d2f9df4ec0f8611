import { describe, expect, it } from 'vitest';
import { GoTemplate } from './go-template.ts';

const data = {
  Name: 'web',
  Count: 3,
  Seconds: 0.00002,
  Odd: 'a\n</x>\u2028\u00a0é\\ ~',
  Labels: new Map([['bus', 'mybus']]),
  List: ['a', 'b'],
  Request: { Method: 'GET', UserAgent: () => 'curl "8"', Header: { Get: (name: unknown) => `value of ${String(name)}` } },
};

function fill(text: string): string {
  return new GoTemplate(text).execute(data);
}

describe('a Go template', () => {
  it.each([
    ['{{.Name}}.example.com', 'web.example.com'],
    ['{{ .Request.Method }}', 'GET'],
    ['{{index .Labels "bus"}}.{{.Name}}', 'mybus.web'],
    ['{{.Labels.bus}}-{{.Labels.none}}-', 'mybus--'],
    ['{{js .Request.UserAgent}}', String.raw`curl \"8\"`],
    ['{{js .Odd}}', String.raw`a\u000A\u003C/x\u003E\u2028\u00A0é\\ ~`],
    ['{{.Request.UserAgent | printf "%q"}}', String.raw`"curl \"8\""`],
    ['{{.Request.Header.Get "X-Key"}}', 'value of X-Key'],
    ['{{.Seconds}}s {{.Count}}', '2e-05s 3'],
    ['a {{- /* said to readers */ -}} b', 'ab'],
    ['a  {{- .Name -}}  b', 'awebb'],
    ['{{if eq .Name "web" "api"}}yes{{else}}no{{end}}', 'yes'],
    ['{{if gt .Count 5}}many{{else if gt .Count 2}}some{{else}}few{{end}}', 'some'],
    ['{{with .Labels.none}}{{.}}{{else}}nothing{{end}}', 'nothing'],
    ['{{range $i, $e := .List}}{{$i}}{{$e}} {{end}}', '0a 1b '],
    ['{{$n := len .Name}}{{if and (eq $n 3) (not false)}}{{$.Name}}{{end}}', 'web'],
    ['no action at all }}', 'no action at all }}'],
  ])('%s gives %s', (text, expected) => expect(fill(text)).toBe(expected));

  it.each([
    ['{{.Name', 'line 1: unclosed action'],
    ['{{}}', 'line 1: missing value for command'],
    ['{{if .Name}}x', 'line 1: unclosed {{if}}'],
    ['x\n{{end}}', 'line 2: unexpected {{end}}'],
    ['{{upper .Name}}', 'line 1: function "upper" not defined'],
    ['{{template "x"}}', 'line 1: {{template}} is not supported'],
    ['{{.Name #}}', 'line 1: unexpected "#" in command'],
  ])('%j is refused: %s', (text, message) => expect(() => new GoTemplate(text)).toThrow(message));

  it('says what is not there when it is filled', () => {
    expect(() => fill('{{.Nmae}}')).toThrow("line 1: can't evaluate field Nmae");
  });
});
