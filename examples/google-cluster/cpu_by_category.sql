-- The sum of requested cpu per category over the last 60 seconds, every second.
CREATE TABLE task_events (
  ts_seconds BIGINT,
  job_id BIGINT,
  task_id BIGINT,
  machine_id BIGINT,
  event_type INT,
  user_id INT,
  category INT,
  priority INT,
  cpu DOUBLE,
  ram DOUBLE,
  disk DOUBLE,
  constraints INT,
  ts AS TO_TIMESTAMP_LTZ(ts_seconds, 0),
  WATERMARK FOR ts AS ts
) WITH (
  'connector' = 'filesystem',
  'path' = '${DATA:-examples/google-cluster}/task_events.csv',
  'format' = 'csv'
);

SELECT window_end, category, SUM(cpu) AS total_cpu
FROM TABLE(HOP(TABLE task_events, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '60' SECOND))
GROUP BY window_start, window_end, category;
