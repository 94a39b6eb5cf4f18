// Powertools for AWS Lambda (TypeScript), compiled: logger, metrics and event handler.

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { NotFoundError, Router } from '@aws-lambda-powertools/event-handler/http';

const logger = new Logger({ serviceName: 'orders' });
const metrics = new Metrics({ namespace: 'Shop', serviceName: 'orders' });
const app = new Router({ logger });

app.get('/orders/:number', ({ params, req }) => {
  if (params.number === '404') { throw new NotFoundError('no such order'); }
  logger.appendKeys({ order: params.number });
  logger.info('reading an order', { lines: ['one', 'two'] });
  metrics.addMetric('OrdersRead', MetricUnit.Count, 1);
  return { number: params.number, q: new URL(req.url).searchParams.get('q') };
});
app.get('/fails', () => {
  try {
    null.property;
  } catch (error) {
    logger.error('it failed', error);
    throw error;
  }
});

export const handler = async (event, context) => {
  logger.addContext(context);
  metrics.captureColdStartMetric();
  try {
    return await app.resolve(event, context);
  } finally {
    metrics.publishStoredMetrics();
    logger.resetKeys();
  }
};
