/* Names for tests: loaded into the host by LD_PRELOAD, in the place of the system's resolver, so that no name is asked
 * for outside.
 *
 * TEST_NAMES is a file with a line for each name: the name, and its addresses, separated by blanks. Each lookup takes
 * the next one, and the last one stays; several with commas between are one answer. What is not in the file has no
 * address. Each lookup adds a line to TEST_LOOKUPS: the name and what it was answered.
 *
 * The answers are the C library's own, made of the written addresses, so that its freeaddrinfo takes them. It must be
 * one that frees each address of an answer by itself, as glibc does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int numeric(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    struct addrinfo wanted = {0};
    if (hints)
        wanted = *hints;
    wanted.ai_flags |= AI_NUMERICHOST;
    return ((lookup *)dlsym(RTLD_NEXT, "getaddrinfo"))(node, service, &wanted, found);
}

/* Puts the answer of this lookup of a name into `answer`; an empty one if there is none. */
static void next_answer(const char *name, char *answer, size_t size) {
    static char asked[64][256];
    static int known = 0;
    int times = 0;
    for (int i = 0; i < known; i++)
        times += strcmp(asked[i], name) == 0;
    if (known < 64)
        snprintf(asked[known++], sizeof asked[0], "%s", name);
    answer[0] = 0;
    FILE *table = fopen(getenv("TEST_NAMES") ? getenv("TEST_NAMES") : "", "r");
    char line[4096], *rest;
    while (table && fgets(line, sizeof line, table)) {
        char *word = strtok_r(line, " \n", &rest);
        if (!word || strcmp(word, name) != 0)
            continue;
        for (int i = 0; i <= times && (word = strtok_r(NULL, " \n", &rest)); i++)
            snprintf(answer, size, "%s", word);
    }
    if (table)
        fclose(table);
    FILE *log = fopen(getenv("TEST_LOOKUPS") ? getenv("TEST_LOOKUPS") : "", "a");
    if (log) {
        fprintf(log, "%s %s\n", name, answer[0] ? answer : "-");
        fclose(log);
    }
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char answer[1024], *rest;
    if (!node)
        return numeric(node, service, hints, found);
    if (numeric(node, service, hints, found) == 0)
        return 0;
    pthread_mutex_lock(&lock);
    next_answer(node, answer, sizeof answer);
    pthread_mutex_unlock(&lock);
    struct addrinfo *first = NULL, **last = &first;
    for (char *word = strtok_r(answer, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (numeric(word, service, hints, last) != 0)
            continue;
        while (*last)
            last = &(*last)->ai_next;
    }
    *found = first;
    return first ? 0 : EAI_NONAME;
}
