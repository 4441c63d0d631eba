/**
 * The script of every code point in Unicode 9.0.0, made by test/goldens/tokenizers/make-script-table.mjs
 * from the Unicode Character Database's Scripts.txt: runs as `gap,length,script` in base 36.
 */

/** Script names by number; 0 is what all other code points have. */
export const SCRIPT_NAMES =
  'Common Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Unknown Vai Warang_Citi Yi'.split(
    ' ',
  );

export const SCRIPT_RUNS =
  '1t,q,1p 6,q,1p 1b,,1p f,,1p 5,n,1p 1,v,1p 1,ch,1p 13,5,1p 5,2,d k,34,1c 0,4,12 1,3,12 ' +
  '0,2,3q 0,4,12 1,,12 0,4,3q 0,,12 1,,12 1,3,12 0,,3q 0,,12 0,,3q 0,k,12 0,,3q 0,1r,12 0,e,o ' +
  '0,g,12 0,3p,r 0,2,1c 0,4p,r 0,,3q 0,12,5 0,2,3q 0,7,5 0,,3q 0,13,5 0,,3q 1,,5 0,2,3q 0,3,5 ' +
  '0,,3q 0,1j,19 0,8,3q 0,r,19 0,5,3q 0,5,19 0,b,3q 0,5,4 1,6,4 1,e,4 2,,3q 0,,4 1,w,4 1,a,4 ' +
  '0,b,1c 0,q,4 0,,1c 0,30,4 1,y,4 0,e,3a 0,,3q 0,1o,3a 0,2,3q 0,3,3a 0,1c,4 0,1e,3k 0,e,3q ' +
  '0,1n,2f 0,5,3q 0,1a,30 0,2,3q 0,f,30 0,,3q 0,s,1z 0,2,3q 0,,1z 0,1t,3q 0,l,4 0,,3q 0,8,4 ' +
  '0,m,3q 0,e,4 1,t,4 0,29,t 0,2,1c 0,h,t 2,q,t 0,4,b 0,,3q 0,8,b 0,2,3q 0,2,b 0,2,3q 0,m,b ' +
  '0,,3q 0,7,b 0,,3q 0,,b 0,3,3q 0,4,b 0,2,3q 0,9,b 0,2,3q 0,2,b 0,2,3q 0,4,b 0,8,3q 0,,b ' +
  '0,4,3q 0,2,b 0,,3q 0,5,b 0,2,3q 0,m,b 0,5,3q 0,3,14 0,,3q 0,6,14 0,4,3q 0,2,14 0,2,3q ' +
  '0,m,14 0,,3q 0,7,14 0,,3q 0,2,14 0,,3q 0,2,14 0,,3q 0,2,14 0,2,3q 0,,14 0,,3q 0,5,14 ' +
  '0,4,3q 0,2,14 0,2,3q 0,3,14 0,3,3q 0,,14 0,7,3q 0,4,14 0,,3q 0,,14 0,7,3q 0,g,14 0,b,3q ' +
  '0,3,13 0,,3q 0,9,13 0,,3q 0,3,13 0,,3q 0,m,13 0,,3q 0,7,13 0,,3q 0,2,13 0,,3q 0,5,13 ' +
  '0,2,3q 0,a,13 0,,3q 0,3,13 0,,3q 0,3,13 0,2,3q 0,,13 0,f,3q 0,4,13 0,2,3q 0,c,13 0,7,3q ' +
  '0,,13 0,7,3q 0,3,2p 0,,3q 0,8,2p 0,2,3q 0,2,2p 0,2,3q 0,m,2p 0,,3q 0,7,2p 0,,3q 0,2,2p ' +
  '0,,3q 0,5,2p 0,2,3q 0,9,2p 0,2,3q 0,2,2p 0,2,3q 0,3,2p 0,8,3q 0,2,2p 0,4,3q 0,2,2p 0,,3q ' +
  '0,5,2p 0,2,3q 0,i,2p 0,a,3q 0,2,3h 0,,3q 0,6,3h 0,3,3q 0,3,3h 0,,3q 0,4,3h 0,3,3q 0,2,3h ' +
  '0,,3q 0,,3h 0,,3q 0,2,3h 0,3,3q 0,2,3h 0,3,3q 0,3,3h 0,3,3q 0,c,3h 0,4,3q 0,5,3h 0,3,3q ' +
  '0,3,3h 0,,3q 0,4,3h 0,2,3q 0,,3h 0,6,3q 0,,3h 0,e,3q 0,l,3h 0,5,3q 0,4,3j 0,,3q 0,8,3j ' +
  '0,,3q 0,3,3j 0,,3q 0,n,3j 0,,3q 0,g,3j 0,3,3q 0,8,3j 0,,3q 0,3,3j 0,,3q 0,4,3j 0,7,3q ' +
  '0,2,3j 0,,3q 0,3,3j 0,5,3q 0,4,3j 0,2,3q 0,a,3j 0,8,3q 0,8,3j 0,4,1h 0,,3q 0,8,1h 0,,3q ' +
  '0,3,1h 0,,3q 0,n,1h 0,,3q 0,a,1h 0,,3q 0,5,1h 0,2,3q 0,9,1h 0,,3q 0,3,1h 0,,3q 0,4,1h ' +
  '0,7,3q 0,2,1h 0,7,3q 0,,1h 0,,3q 0,4,1h 0,2,3q 0,a,1h 0,,3q 0,2,1h 0,e,3q 0,3,1y 0,,3q ' +
  '0,8,1y 0,,3q 0,3,1y 0,,3q 0,15,1y 0,2,3q 0,8,1y 0,,3q 0,3,1y 0,,3q 0,6,1y 0,4,3q 0,g,1y ' +
  '0,2,3q 0,q,1y 0,2,3q 0,2,36 0,,3q 0,i,36 0,3,3q 0,o,36 0,,3q 0,9,36 0,,3q 0,,36 0,2,3q ' +
  '0,7,36 0,3,3q 0,,36 0,4,3q 0,6,36 0,,3q 0,,36 0,,3q 0,8,36 0,6,3q 0,a,36 0,2,3q 0,3,36 ' +
  '0,c,3q 0,1m,3l 0,4,3q 1,s,3l 0,11,3q 0,2,1o 0,,3q 0,,1o 0,2,3q 0,2,1o 0,,3q 0,,1o 0,2,3q ' +
  '0,,1o 0,6,3q 0,4,1o 0,,3q 0,7,1o 0,,3q 0,3,1o 0,,3q 0,,1o 0,,3q 0,,1o 0,2,3q 0,2,1o 0,,3q ' +
  '0,d,1o 0,,3q 0,3,1o 0,2,3q 0,5,1o 0,,3q 0,,1o 0,,3q 0,6,1o 0,2,3q 0,a,1o 0,2,3q 0,4,1o ' +
  '0,w,3q 0,20,3m 0,,3q 0,10,3m 0,4,3q 0,13,3m 0,,3q 0,10,3m 0,,3q 0,f,3m 0,,3q 0,7,3m 4,2,3m ' +
  '0,11,3q 0,4g,2b 0,12,y 0,,3q 0,,y 0,5,3q 0,,y 0,2,3q 0,17,y 1,4,y 0,74,16 0,21,x 0,,3q ' +
  '0,4,x 0,2,3q 0,7,x 0,,3q 0,,x 0,,3q 0,4,x 0,2,3q 0,15,x 0,,3q 0,4,x 0,2,3q 0,x,x 0,,3q ' +
  '0,4,x 0,2,3q 0,7,x 0,,3q 0,,x 0,,3q 0,4,x 0,2,3q 0,f,x 0,,3q 0,1l,x 0,,3q 0,4,x 0,2,3q ' +
  '0,1v,x 0,2,3q 0,w,x 0,3,3q 0,q,x 0,6,3q 0,2e,n 0,2,3q 0,6,n 0,2,3q 0,hs,i 0,t,2g 0,3,3q ' +
  '0,23,2z 3,b,2z 0,7,3q 0,d,3b 0,,3q 0,7,3b 0,b,3q 0,l,17 2,9,3q 0,k,h 0,c,3q 0,d,3c 0,,3q ' +
  '0,3,3c 0,,3q 0,2,3c 0,c,3q 0,2m,1l 0,2,3q 0,a,1l 0,6,3q 0,a,1l 0,6,3q 0,2,28 2,,28 1,9,28 ' +
  '0,,3q 0,a,28 0,6,3q 0,2g,28 0,8,3q 0,17,28 0,5,3q 0,1y,i 0,a,3q 0,v,1r 0,,3q 0,c,1r 0,4,3q ' +
  '0,c,1r 0,4,3q 0,,1r 0,3,3q 0,c,1r 0,u,3d 0,2,3q 0,5,3d 0,b,3q 0,18,2d 0,4,3q 0,q,2d 0,6,3q ' +
  '0,b,2d 0,3,3q 0,2,2d 0,w,1l 0,s,g 0,2,3q 0,2,g 0,1r,3e 0,,3q 0,t,3e 0,2,3q 0,b,3e 0,6,3q ' +
  '0,a,3e 0,6,3q 0,e,3e 0,2,3q 0,f,1c 0,1t,3q 0,24,7 0,4,3q 0,19,7 0,3,3q 0,1s,38 0,1g,a ' +
  '0,8,3q 0,4,a 0,1k,1q 0,3,3q 0,f,1q 0,3,3q 0,3,1q 0,1c,2h 0,9,r 0,1j,3q 0,8,38 0,8,3q ' +
  '0,3,1c 1,d,1c 1,7,1c 4,,1c 6,,1c 2,,3q 0,2,1c 0,6,3q 0,12,1p 0,5,12 0,,r 0,1d,1p 0,5,12 ' +
  '0,4,1p 0,5,12 0,d,1p 0,,r 0,1y,1p 0,,12 0,1i,1c 0,5,3q 0,5,1c 0,74,1p 0,m,12 0,2,3q 0,6,12 ' +
  '0,2,3q 0,12,12 0,2,3q 0,6,12 0,2,3q 0,8,12 0,,3q 0,,12 0,,3q 0,,12 0,,3q 0,,12 0,,3q ' +
  '0,v,12 0,2,3q 0,1h,12 0,,3q 0,f,12 0,,3q 0,e,12 0,2,3q 0,6,12 0,,3q 0,j,12 0,2,3q 0,3,12 ' +
  '0,,3q 0,9,12 0,,3q c,2,1c 2f,,3q b,,1p 0,2,3q b,,1p f,,3q 0,d,1p 0,3,3q v,h,3q 0,x,1c ' +
  '0,f,3q 12,,12 3,2,1p 6,,1p r,,1p h,15,1p 3,4,3q hb,,3q 13,p,3q b,l,3q ps,74,f hg,2,3q ' +
  'w,2,3q y,3,3q c,,3q 8,q,3q 4,g,3q 0,1b,z 0,,3q 0,1b,z 0,,3q 0,w,1p 0,38,o 0,5,3q 0,7,o ' +
  '0,12,y 0,,3q 0,,y 0,5,3q 0,,y 0,2,3q 0,1k,3n 0,7,3q 0,2,3n 0,e,3q 0,,3n 0,n,x 0,9,3q 0,7,x ' +
  '0,,3q 0,7,x 0,,3q 0,7,x 0,,3q 0,7,x 0,,3q 0,7,x 0,,3q 0,7,x 0,,3q 0,7,x 0,,3q 0,7,x 0,,3q ' +
  '0,w,r 1x,1n,3q 0,q,15 0,,3q 0,2h,15 0,c,3q 0,5y,15 0,q,3q c,4,3q 5,,15 1,,15 p,9,15 0,4,1c ' +
  '0,2,16 8,4,15 4,,3q 0,2e,1a 0,2,3q 0,2,1c 2,3,1a 1,2i,1i 2,3,1i 0,5,3q 0,15,d 0,3,3q ' +
  '0,2m,16 0,,3q g,r,d 0,5,3q 10,c,3q 0,g,1i 0,v,16 0,,3q 1s,v,16 29,1b,1i 0,,3q 0,2g,1i ' +
  '4o,52u,15 0,a,3q 1s,g5y,15 0,16,3q 0,wd,3t 0,3,3q 0,1j,3t 0,9,3q 0,1c,1u 0,8c,3r 0,k,3q ' +
  '0,2o,r 0,2g,8 0,8,3q y,2u,1p 3,10,1p 0,,3q 0,8,1p 0,1r,3q 0,9,1p 0,18,39 0,4,3q a,6,3q ' +
  '0,1k,2v 0,8,3q 0,1y,31 0,8,3q 0,c,31 0,6,3q 0,u,t 0,2,3q 0,1a,1j 1,,1j 0,10,2y 0,b,3q ' +
  '0,,2y 0,t,16 0,3,3q 0,26,1f 0,,3q 1,a,1f 0,4,3q 0,2,1f 0,v,2b 0,,3q 0,1j,m 0,9,3q 0,e,m ' +
  '0,2,3q 0,a,m 0,2,3q 0,4,m 0,w,2b 0,1v,3f 0,o,3q 0,5,3f 0,n,22 0,a,3q 0,6,x 0,2,3q 0,6,x ' +
  '0,2,3q 0,6,x 0,9,3q 0,7,x 0,,3q 0,7,x 0,,3q 0,17,1p 1,9,1p 0,,12 0,a,3q 0,28,n 0,1a,22 ' +
  '0,2,3q 0,a,22 0,6,3q 0,8mc,16 0,c,3q 0,n,16 0,4,3q 0,1d,16 0,6is,3q 0,a6,15 0,2,3q 0,2y,15 ' +
  '0,12,3q 0,7,1p 0,c,3q 0,5,5 0,5,3q 0,q,19 0,,3q 0,5,19 0,,3q 0,,19 0,,3q 0,2,19 0,,3q ' +
  '0,2,19 0,,3q 0,a,19 0,36,4 0,h,3q 0,a3,4 2,g,3q 0,1s,4 0,2,3q 0,1i,4 0,14,3q 0,e,4 0,2,3q ' +
  '0,g,1c a,6,3q 0,e,1c 0,2,r z,,3q j,,3q 4,4,3q 0,5,4 0,,3q 0,3r,4 0,2,3q 1,,3q w,q,1p ' +
  '6,q,1p b,a,1i 1,19,1i 2,v,16 0,3,3q 0,6,16 0,2,3q 0,6,16 0,2,3q 0,6,16 0,2,3q 0,3,16 ' +
  '0,3,3q 7,,3q 7,a,3q 5,2,3q 0,c,1t 0,,3q 0,q,1t 0,,3q 0,j,1t 0,,3q 0,2,1t 0,,3q 0,f,1t ' +
  '0,2,3q 0,e,1t 0,y,3q 0,3f,1t 0,5,3q 3,4,3q 19,3,3q 9,27,12 0,,3q c,4,3q 0,,12 0,1b,3q ' +
  '19,,1c 0,3m,3q 0,t,1v 0,3,3q 0,1d,j 0,f,3q 0,,1c r,4,3q 0,10,2j 0,c,3q 0,r,10 0,5,3q ' +
  '0,17,2l 0,5,3q 0,u,3p 0,,3q 0,,3p 0,10,2m 0,4,3q 0,e,2m 0,16,3q 0,28,s 0,1c,33 0,u,2r ' +
  '0,2,3q 0,a,2r 0,6,3q 0,10,2q 0,4,3q 0,10,2q 0,4,3q 0,14,w 0,8,3q 0,1g,k 0,b,3q 0,,k ' +
  '0,40,3q 0,8n,1s 0,9,3q 0,m,1s 0,a,3q 0,8,1s 0,48,3q 0,6,q 0,2,3q 0,,q 0,,3q 0,18,q 0,,3q ' +
  '0,2,q 0,3,3q 0,,q 0,2,3q 0,,q 0,m,1b 0,,3q 0,9,1b 0,w,2t 0,v,2c 0,8,3q 0,9,2c 0,1c,3q ' +
  '0,j,18 0,,3q 0,2,18 0,5,3q 0,5,18 0,s,2w 0,3,3q 0,,2w 0,q,1w 0,5,3q 0,,1w 0,1s,3q 0,w,25 ' +
  '0,o,24 0,4,3q 0,k,24 0,2,3q 0,1a,24 0,4,1k 0,,3q 0,2,1k 0,5,3q 0,8,1k 0,,3q 0,3,1k 0,,3q ' +
  '0,r,1k 0,4,3q 0,3,1k 0,4,3q 0,9,1k 0,8,3q 0,9,1k 0,7,3q 0,w,2n 0,w,2k 0,w,3q 0,13,20 ' +
  '0,4,3q 0,c,20 0,9,3q 0,1i,6 0,3,3q 0,7,6 0,m,1e 0,2,3q 0,8,1e 0,j,1d 0,5,3q 0,8,1d 0,i,2x ' +
  '0,7,3q 0,4,2x 0,c,3q 0,7,2x 0,28,3q 0,21,2o 0,1j,3q 0,1f,2i 0,d,3q 0,1f,2i 0,7,3q 0,6,2i ' +
  '0,9s,3q 0,v,4 0,ap,3q 0,26,e 0,4,3q 0,u,e 0,f,3q 0,,e 0,1u,1g 0,e,3q 0,p,37 0,7,3q 0,a,37 ' +
  '0,6,3q 0,1h,l 0,,3q 0,e,l 0,c,3q 0,13,1x 0,9,3q 0,26,32 0,2,3q 0,g,32 0,,3q 0,k,36 0,b,3q ' +
  '0,i,1m 0,,3q 0,18,1m 0,1t,3q 0,7,2a 0,,3q 0,,2a 0,,3q 0,4,2a 0,,3q 0,f,2a 0,,3q 0,b,2a ' +
  '0,6,3q 0,1n,1n 0,5,3q 0,a,1n 0,6,3q 0,4,11 0,,3q 0,8,11 0,2,3q 0,2,11 0,2,3q 0,m,11 0,,3q ' +
  '0,7,11 0,,3q 0,2,11 0,,3q 0,5,11 0,2,3q 0,9,11 0,2,3q 0,2,11 0,2,3q 0,3,11 0,2,3q 0,,11 ' +
  '0,6,3q 0,,11 0,5,3q 0,7,11 0,2,3q 0,7,11 0,3,3q 0,5,11 0,3v,3q 0,2i,2e 0,,3q 0,,2e 0,,3q ' +
  '0,,2e 0,y,3q 0,20,3o 0,8,3q 0,a,3o 0,4m,3q 0,1i,34 0,2,3q 0,12,34 0,y,3q 0,1x,27 0,b,3q ' +
  '0,a,27 0,6,3q 0,d,28 0,j,3q 0,1k,3g 0,8,3q 0,a,3g 0,1i,3q 0,q,2 0,3,3q 0,f,2 0,4,3q 0,g,2 ' +
  '0,9s,3q 0,2b,3s 0,c,3q 0,,3s 0,cg,3q 0,1l,2u 0,7b,3q 0,9,c 0,,3q 0,19,c 0,,3q 0,e,c 0,a,3q ' +
  '0,t,c 0,3,3q 0,w,21 0,2,3q 0,m,21 0,,3q 0,e,21 0,nd,3q 0,pm,p 0,2u,3q 0,33,p 0,,3q 0,5,p ' +
  '0,b,3q 0,5g,p 0,24c,3q 0,tr,v 0,34h,3q 0,g7,3 0,6nt,3q 0,ft,8 0,7,3q 0,v,29 0,,3q 0,a,29 ' +
  '0,4,3q 0,2,29 0,2o,3q 0,u,9 0,2,3q 0,6,9 0,a,3q 0,1y,2s 0,a,3q 0,a,2s 0,,3q 0,7,2s 0,,3q ' +
  '0,l,2s 0,5,3q 0,j,2s 0,og,3q 0,1x,26 0,b,3q 0,1b,26 0,g,3q 0,h,26 0,1s,3q 0,,3i 0,v,3q ' +
  '0,4q5,3i 0,j,3q 0,kz,3i 0,7bh,3q 0,,1i 0,,1a 0,2da,3q 0,2z,u 0,5,3q 0,d,u 0,3,3q 0,9,u ' +
  '0,7,3q 0,a,u 0,2,3q 0,4,u 4,3to,3q 6u,a,3q 13,2,3q 1q,3,1c h,8,1c 2,7,1c u,4,1c 1n,n,3q ' +
  '0,1y,12 0,56,3q 2f,9,3q i,3y,3q 2d,,3q 1z,,3q 2,2,3q 1,2,3q 2,2,3q 4,,3q c,,3q 1,,3q 7,,3q ' +
  '1t,,3q 4,2,3q 8,,3q 7,,3q s,,3q 4,,3q 5,,3q 1,3,3q 7,,3q 9g,2,3q 84,2,3q 1e,i4,35 0,f,3q ' +
  '0,5,35 0,,3q 0,f,35 0,11s,3q 0,7,z 0,,3q 0,h,z 0,2,3q 0,7,z 0,,3q 0,2,z 0,,3q 0,5,z ' +
  '0,1jp,3q 0,5h,23 0,2,3q 0,g,23 0,15,3q 0,23,1 0,5,3q 0,a,1 0,4,3q 0,2,1 0,ww,3q 0,4,4 ' +
  '0,,3q 0,r,4 0,,3q 0,2,4 0,,3q 0,,4 0,2,3q 0,,4 0,,3q 0,a,4 0,,3q 0,4,4 0,,3q 0,,4 0,,3q ' +
  '0,,4 0,6,3q 0,,4 0,4,3q 0,,4 0,,3q 0,,4 0,,3q 0,,4 0,,3q 0,3,4 0,,3q 0,2,4 0,,3q 0,,4 ' +
  '0,2,3q 0,,4 0,,3q 0,,4 0,,3q 0,,4 0,,3q 0,,4 0,,3q 0,,4 0,,3q 0,2,4 0,,3q 0,,4 0,2,3q ' +
  '0,4,4 0,,3q 0,7,4 0,,3q 0,4,4 0,,3q 0,4,4 0,,3q 0,,4 0,,3q 0,a,4 0,,3q 0,h,4 0,5,3q 0,3,4 ' +
  '0,,3q 0,5,4 0,,3q 0,h,4 0,1g,3q 0,2,4 0,7i,3q 18,4,3q 2s,c,3q f,2,3q f,,3q f,,3q 11,a,3q ' +
  'd,3,3q v,,3q 1o,4,3q 1p,1l,3q q,,1a 2,d,3q 18,4,3q 9,7,3q 2,4u,3q r7,d,3q d,3,3q 7,9,3q ' +
  '38,c,3q 2d,17,3q c,4,3q 1k,8,3q a,6,3q 14,8,3q u,2q,3q f,,3q 8,8,3q 1,2,3q c,,3q c,4,3q ' +
  'f,x,3q i,1a,3q 1,18f,3q 0,wyf,15 0,15,3q 0,379,15 0,b,3q 0,66,15 0,2,3q 0,4g2,15 0,866,3q ' +
  '0,f2,15 0,fher,3q 1,u,3q 2o,3k,3q 0,6o,1c 0,47bk,3q';
