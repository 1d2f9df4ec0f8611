/** Which of several answers a request gets, by their weights: drawn, or by a number that the request brings itself. */
import { hashRemainder } from '@sluice/balancing';
import type { RequestHead } from '@sluice/http';
import { randomInt, type Random } from '@sluice/kernel';
import type { RandomValue } from '@sluice/resources';
import type { ForwardAction, HashInput } from '../route-match.ts';
import type { ChooseMatch } from './compiled-route.ts';

/** A number from 0 up to, but not including, the sum of the weights. */
type Draw = (head: RequestHead, random: Random, stream: HashInput | undefined) => number;

/** @param hash the route's hash policies */
export function byWeight(answers: readonly ChooseMatch[], weights: readonly number[], random: RandomValue, hash: ForwardAction['hash']): ChooseMatch {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const onlyOne = weights.findIndex((weight) => weight === total);
  if (onlyOne !== -1) return answers[onlyOne] as ChooseMatch;
  const draw = drawOf(random, total, hash);
  return (head, source, stream) => {
    let drawn = draw(head, source, stream);
    let chosen = 0;
    while (chosen < answers.length - 1) {
      drawn -= weights[chosen] as number;
      if (drawn < 0) break;
      chosen += 1;
    }
    return (answers[chosen] as ChooseMatch)(head, source, stream);
  };
}

function drawOf(value: RandomValue, total: number, hash: ForwardAction['hash']): Draw {
  switch (value.kind) {
    case 'drawn':
      return (_head, random) => randomInt(random, total);
    case 'header':
      return (head, random) => {
        const said = head.get(value.header);
        return said !== undefined && /^\d{1,20}$/.test(said) ? Number(BigInt(said) % BigInt(total)) : randomInt(random, total);
      };
    case 'hash-policy':
      return (_head, random, stream) => {
        const found = stream && hash?.(stream);
        return found === undefined ? randomInt(random, total) : hashRemainder(found, total);
      };
  }
}
