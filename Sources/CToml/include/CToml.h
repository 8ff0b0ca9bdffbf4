#ifndef BIVOUAC_CTOML_H
#define BIVOUAC_CTOML_H
int ctoml_placeholder(void);
#endif
