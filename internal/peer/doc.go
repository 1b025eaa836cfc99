// Package peer starts programs that run a model, of this project or of others, and tells them when to measure, so that several runtimes can take
// turns on one machine.
//
// A worker is started with --model FILE --inputs DIR --outputs DIR --threads N, where DIR/input_0.pb, input_1.pb, … hold the inputs. It loads the
// model, runs it once, writes the outputs as output_<i>.pb if an outputs folder is named, and speaks lines, times in seconds:
//
//	READY {"load_s": …, "first_s": …, "rss_mb": …, "info": "…"}   or  FAIL "reason", which ends it
//	RUN n budget       one run that is not counted, then up to n within the budget; answered by  TIMES [t, …]
//	SESSIONS k budget  k callers at once for as long as the budget; answered by  COUNT {"runs": n, "seconds": t}
//	PROMPT [id, …]     a new sequence that begins with these tokens, and the next one, by the greatest score; answered by
//	                   TOKENS {"ids": […], "times_s": […]}, how long each took that was chosen
//	TOKENS n           n tokens more, answered in the same way
//	IDLE budget        nothing, for as long as the budget; answered by  CPU {"cpu_s": the time that processors worked for the worker}
//	QUIT               answered by  DONE {"rss_mb": peak}
//
// Workers answer what they are made for: PROMPT and TOKENS are for those of language models, which need no inputs. Other lines are passed over.
package peer
