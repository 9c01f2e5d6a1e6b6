#include "PlainLoop.h"

#include <math.h>
#include <string.h>

static double log_ratio(int index) { return (index - PLAIN_REACH) * (log(16.0) / PLAIN_REACH); }

void plain_begin(struct plain_stream *stream) { memset(stream, 0, sizeof *stream); }

void plain_begin_terms(struct plain_terms *terms) {
    for (int index = 0; index < PLAIN_GRID; index++) {
        terms->ratio[index] = exp(log_ratio(index)) - 1;
        terms->terms[index] = 0;
    }
}

void plain_share(struct plain_terms *terms, double share) {
    for (int index = 0; index < PLAIN_GRID; index++) terms->terms[index] = log1p(share * terms->ratio[index]);
}

void plain_update(
    struct plain_stream *stream, const struct plain_terms *terms, double share, double canary_events, double events,
    double dispersion, double cap, double certified_ratio) {
    const double step = log(16.0) / PLAIN_REACH;
    for (int index = 0; index < PLAIN_GRID; index++) {
        const double gain =
            (canary_events * ((index - PLAIN_REACH) * step) - events * terms->terms[index]) / dispersion;
        stream->log_likelihood[index] += gain;
        if (index > PLAIN_REACH) stream->harm[index - PLAIN_REACH - 1] += gain < cap ? gain : cap;
    }
    stream->certificate +=
        (canary_events * log(certified_ratio) - events * log1p(share * (certified_ratio - 1))) / dispersion;
}

static double log_mean_exp(const double *row, int count) {
    double greatest = row[0];
    for (int index = 1; index < count; index++) greatest = row[index] > greatest ? row[index] : greatest;
    double sum = 0;
    for (int index = 0; index < count; index++) sum += exp(row[index] - greatest);
    return greatest + log(sum) - log(count);
}

double plain_harm(const struct plain_stream *stream) { return log_mean_exp(stream->harm, PLAIN_REACH); }

double plain_safety(const struct plain_stream *stream, int below) {
    return log_mean_exp(stream->log_likelihood, below) - stream->certificate;
}
