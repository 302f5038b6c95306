/**
 * Who says that he calls, and the pretext, in English: a cue's name, then its patterns. Elements follow one another with up to three
 * weighty words between (`~6`: up to six, `+`: none; words of class `stop` count nothing, a new sentence counts two). `@x` is a
 * class, `a|b_c|d*` are words.
 */
export const ENGLISH_STORY_CUES = `
claim.bank
  @iam ~5 @frauddept
  @frauddept ~3 @bank|@bankname
  @bank|@bankname ~3 @frauddept
  @iam ~4 from|with|at|of ~3 @bank|@bankname
  @iam ~3 @bank|@bankname ~2 calling|security|fraud|department|team|desk|unit
  with|from|at ~2 @bank|@bankname ~4 security|fraud|protection|operations
  on_behalf_of ~2 @bank|@bankname
  card|payments|payment|account|online|digital|mobile|commercial|customer ~1 security|fraud|protection|services|operations|desk ~2 department|team|division|center|centre|unit|desk|@bank|@bankname
  visa|mastercard|amex ~2 security|fraud|protection|services
claim.police
  @iam ~4 @police
  with|from|of ~2 @police
  @iam ~4 @court
  from ~3 @court
  @police ~2 badge
  @police ~2 from|with|of ~3 police|department|division|unit|crime|bureau|enforcement|customs
claim.tax
  @iam|from|with|at ~4 @taxorg
  @taxorg
claim.government
  @iam|from|with ~4 @gov
  @gov ~2 office|administration|department|agency|section
claim.tech
  @iam|from|with|at ~4 @techco
  @iam|from|with ~4 @techdept
  @techco ~2 @techdept|certified|support|technician|security|safety|server
  @computer|email|server|cloud ~1 support|security|maintenance ~2 department|team|center|centre|desk|engineer|technician
claim.provider
  from|with|calling|this_is|your ~3 internet|broadband|phone|mobile|cable|telephone ~1 provider|company|service|operator
claim.parcel
  @iam|from|with ~4 @parcelco
  @iam|from|with ~3 @parcel ~2 company|service|department|office|team|enquiries|about|regarding
  express_freight|sorting_centre|sorting_center|parcel_service|air_cargo|shipping_department|cargo_office
claim.utility
  @iam|from|with|your ~3 @utility ~2 company|board|supplier|provider|department|office|distribution|billing
  @utility ~1 company|board|supplier|distribution
  disconnection|billing|collections|metering ~1 department|office|section ~3 @utility
claim.company
  @iam ~3 from|with|of|at ~3 company|department|team|office|services|support|group|center|centre|agency|firm|foundation|division|desk
  representative|agent|technician|advisor|adviser|specialist|executive|consultant|coordinator ~2 from|with|of|at
  calling +from|behalf|with
  this_is ~2 from|with
  my_name_is ~3 from|with
claim.family
  @family ~2 its_me|it_is_me|its_your|guess_who
  its_me|it_is_me|this_is|its_your|im_your|only_me ~2 @family
  recognize|recognise|know ~1 my_voice
  hi|hello|hey +@family
  my|this_is ~1 new_number
  your +grandson|granddaughter|nephew|niece|favorite|favourite|oldest|youngest
claim.intermediary
  @intermediary ~3 your ~2 @family
  represent|representing|on_behalf_of|calling_for ~3 your ~2 @family
  your ~1 @family ~3 @intermediary
  friend ~2 of ~2 @family
  @iam ~3 public_defender|bondsman|bail_agent|embassy|consulate
claim.invest
  investment|trading|wealth|crypto|financial|portfolio|account|asset ~1 manager|advisor|adviser|specialist|consultant|broker|firm|company|platform|analyst|recovery
  senior_broker|account_manager|personal_manager|fund_manager|trading_coach
claim.employee
  @iam|from ~3 @colleague
  i|also ~1 work|working ~2 same|here|head_office|branch
  @iam ~2 ceo|director|vice_president|cfo|regional_manager|chairman
  assistant ~2 of|to ~2 ceo|director|executive|president|mr|mrs
  quality_monitoring|quality_assurance|internal_it|from_it|the_it_department|it_vendor|your_vendor
claim.prize
  lottery|sweepstakes|prize|lotto|raffle|giveaway|promotions|claims|awards ~1 department|office|commission|committee|team|center|centre|coordinator|agent|board
claim.charity
  @charity ~3 calling|behalf|support|help|contribution|victims|families|children
  behalf ~3 @charity
pretext.fraud-alert
  order|purchase ~4 placed|been_placed|charged ~4 your|account|card
  do_not|did_not|didnt|dont|havent|not ~1 authorize|authorise|authorized|make|made|recognize ~3 order|purchase|transaction|payment|charge|transfer
  irregularities|suspicious_activities
  @unusual ~2 @txn
  @txn ~3 @unusual
  @someone ~3 @misuse ~5 @account|@card|@money|identity|name|details|information|loan|profile
  @account|@card|details|identity|name|social|data ~3 been|was|were|being|got ~2 used|cloned|copied|stolen|compromised|hacked|breached|misused|leaked|linked|involved
  copied|cloned|skimmed|skimming|tampered|counterfeit* ~4 @card|@account|file|machine|notes|payments
  did_you|have_you ~3 make|authorize|authorise|recognize|recognise|made|authorized|try|order|purchase|place|placed|buy|send|attempt|do ~4 @txn|@money|iphone|laptop|that|this|it
  was_this_you|was_that_you|was_it_you|is_that_you_doing|did_you_authorize|not_made_by_you|if_this_was_not_you|if_it_wasnt_you|if_this_wasnt_you|if_you_did_not
  flagged ~4 @txn|@account|@card|@money|suspicious
  fraud|fraudulent ~2 alert|attempt|activity|case|detected|charge|transaction
  @device ~3 registered|added|logged|signed|linked
  registered|added|logged ~3 @device
  @empty ~3 @account|@money|savings
  @account|savings ~3 @empty
  loan|account|card|policy ~3 opened|taken_out|applied ~4 your_name|your_details
  attempt|attempts|attempted|tries|tried ~3 to ~2 withdraw|transfer|charge|take|access|log|move
  @txn|@money ~3 going_through|pending|being_processed|in_progress|about_to
pretext.account-problem
  deleted|banned|shut_down ~3 hours|account|unless
  @account|@card|access|line|membership|services|profile|number|social ~3 @blocked
  @blocked ~3 @account|@card|access|services
  going_to_be|will_be|about_to_be|has_been|have_been|is_being ~1 @blocked
  problem|issue|trouble ~3 with|on ~2 your ~1 @account|@card|payment|mail|email
  @account|security ~2 at_risk|in_danger|under_attack|not_safe
pretext.legal
  @legal
  under ~1 investigation
  investigat* ~4 against|fraud|name|money
  case|complaint|charges|suit ~3 filed|against|opened|registered ~3 you|your|name
  evidence|proof ~2 against ~1 you
  bench_warrant|grand_jury|failed_to_appear|failure_to_appear|missed_jury|jury_duty|sealed_matter|signed_by_the_judge|judge_signed
  identity|name|social|signature ~4 crime|crimes|rented|criminal|cartel
  ignored ~3 notices|letters|warnings
pretext.contraband
  @drugs
  @parcel ~6 @drugs|illegal|passports
pretext.debt
  deposit|payment|fee|bill ~3 hasnt_been|not_been|wasnt ~1 received|paid
  @debt ~4 @money|@tax|bill|account|invoice|@fee|balance
  @money|@tax|bill|account|invoice|balance ~2 @debt
  you ~1 owe
  back_taxes|unpaid_taxes|tax_debt|tax_evasion|undeclared|not_been_declared|never_declared
  penalty|penalties|surcharge ~3 @money|@tax
  fine ~2 of|is|comes ~2 @money
  payment|deposit|bill|invoice|file ~3 bounced|rejected|didnt_go_through|not_received|not_been_received|came_back|been_returned
pretext.virus
  @virus ~4 @computer|@account|network|files|data|email
  @computer|network|files|email ~5 @virus
  @ipaddr
  @computer ~3 sending|reporting|showing|giving ~3 error|errors|warning|warnings|signals|alerts|messages
  @computer ~2 at_risk|crash|stop_working|in_danger
  email|mail ~3 sending ~3 messages|spam
pretext.refund
  rebate|put_in_too_much|refunded_too_much|went ~4 by_mistake
  @refund ~4 @money|entitled|due|owed|department|process|eligible|unclaimed
  entitled|eligible|due|owed|qualify ~3 @refund
  too_much|extra_zero|by_mistake|typed ~3 @money|refund|zero|refunded
  overcharged|over_charged|overpaid|unclaimed
pretext.renewal
  @renew ~4 @money|charged|debited|automatically|renewed|expire*|today|cancel
  charged|debited|deducted ~4 @money|@account|@renew
pretext.parcel
  @parcel ~4 @held
  @held ~3 @parcel
  @parcel ~4 incomplete|@fee|unpaid|wrong_address|short
  @parcel ~3 in|under ~1 your_name
  @parcelco|customs ~3 @held|seized|stopped
  couldnt|could_not|cannot|unable ~2 deliver|delivered
  postage ~3 short|unpaid|missing
pretext.accident
  i|ive|im|was|been|had|has|got|is|hes|shes|were ~3 @accident
  @family ~5 @accident
  @accident ~4 @family
  in ~1 jail|custody|a_cell|the_cells|handcuffs
  in ~1 trouble
pretext.hospital
  i|ive|im|was|been|had|has|is|hes|shes|hit|needs ~4 @hospital
  @family ~5 @hospital
pretext.prize
  credit|loyalty|special ~2 discount|offer ~3 customers|plan|card
  limit ~3 raised|increased
  approved|eligible ~2 no_cost|free|government
  @bigwin
  you|youve|have|your ~1 won ~3 usd|dollars|pounds|prize|car|trip|voucher|vacation|cruise|gift|holiday|phone|draw|cash
  congratulations ~4 @win|@approved|won
  you|youve|your|were|been ~2 @approved ~4 @benefit|free|receive|win
  @approved ~3 @benefit|free
  claim ~2 your ~2 @win|@money|prize|reward
  number|profile|entry|ticket ~2 drawn|picked|selected|won|came_out
  totally_free|completely_free|complimentary|free_cruise|free_trip|free_vacation|free_gift|all_inclusive
  pre_approved|preapproved
pretext.invest
  work_from_home|paid_survey|commissions|affiliate|part_time_job|earn_up_to|make_up_to|no_experience_needed|flexible_hours ~6 @money|earn|details|join|apply
  @invest ~4 @profit|@crypto|@guarantee
  @profit ~4 @invest|@guarantee|@crypto
  @crypto ~4 @profit|@invest|opportunity
  @profit ~2 month|week|day|monthly|weekly|daily
  make|earn|making|earning|made|made_me ~3 @money ~3 a_week|a_day|a_month|per_week|per_day|from_home|last_week|today
  double|triple|five_times|ten_times ~3 @money|stake|investment|value
  presale|pre_ipo|going_public|allocation|signals|insider_information|ground_floor|trading_platform|our_platform|the_robot
pretext.code-sent
  sent|sending|receive|received|get|got|arrive|arrived|push|pushed ~4 @code
  @code ~3 sent|received|on_your_phone|by_text|by_mistake|by_accident|accidentally
  text|texts|message ~3 with|has ~2 numbers|number|digits|code
  accidentally|by_mistake|by_accident ~4 @code|your_number
pretext.confirm-you
  verify|confirm|need|require|provide|collect ~3 your ~1 information|details|full_name|personal
  make_sure|make_certain|prove|check|confirm|verify|want_to_know ~3 youre_real|you_are_real|the_owner|account_owner|account_holder|right_person|talking_to_the|speaking_to_the|a_real_person|that_its_you|its_your_phone|your_identity
  verify ~2 your_phone|you_first
pretext.romance
  @love ~8 @romneed
  @romneed ~6 come_to_you|meet_you|be_with_you|see_you|come_home|marry
  oil_rig|peacekeeping|deployed|military_base|dating_site|dating_app|dating_website
  since ~2 we_met|we_started|met_you
  get_married|our_future|our_house|future_together|our_honeymoon
pretext.hardship
  @excuse
  phone|wallet|passport|sim|card|bag ~2 lost|stolen|broke|broken|dead|seized|taken|gone
  lost|broke|dropped|stole ~2 phone|wallet|passport|sim|card
  cant|cannot|couldnt ~2 get_into|log|access ~3 account|phone|bank|email|app
  they ~2 wont|dont|not ~1 let|give|release ~2 me|him|her
  attacked|burned|burnt|confiscated|trapped
pretext.disconnect
  @utility|service|lights|supply|line ~5 @disconnect
  @disconnect ~4 @utility|service|lights|supply|notice|order
  technician|crew|truck|van|guys ~5 @disconnect|on_the_way|around_the_corner|blocks_away|booked
pretext.update
  update|validate|reverify|reactivate|reconfirm|revalidate ~3 @account|details|information|records|identity|profile|kyc|data|file
  verify|confirm ~3 @account|identity|records
  kyc|records_are_incomplete|not_updated|outdated_records
  security ~1 check|verification|update|procedure|protocol
pretext.system
  @sysdown
  system|server|software|computers ~2 down|crashed|failing|frozen
  doing|running|checking ~3 upgrade|audit|inspection|sample
pretext.confidential-deal
  acquisition|merger|takeover ~5 confidential|secret|closing|announced
  surprise ~3 team|client|clients|staff
  internal|sealed|undercover|ongoing|secret ~1 investigation|audit|matter|case
pretext.extort
  @video ~3 publish|release|expose|leak|of_you|delete_it
  recorded ~2 you|your|video_call
  we_have|i_have|weve_got|ive_got|i_recorded|ive_recorded ~3 @video
  we_have|weve_got|we_took|we_are_holding ~1 your ~1 @family
  never ~1 see ~2 again|alive
  want_to_see ~3 alive|again
  paid|hired ~3 kill|hurt|harm
  i_know|we_know ~1 about_you|where_you_live|what_you_did|who_you_are
  encrypted ~4 files|server|data
  bomb|a_gun_to|ransom
pretext.warranty
  courtesy_call|close_out_your_file|extending_or_reinstating|factory_warranty|warranty_specialist|about_to_expire|rate_reduction|lower_your_interest|eligible_for_forgiveness|loan_forgiveness|debt_relief|qualified_for_fifty|percent_off
  eligibility|enrollment ~4 expire*|reduction|forgiveness|deadline
  account ~3 qualified|eligible ~3 off|discount|percent
  @renew ~2 car|vehicle|auto
  vehicle|car|auto ~1 warranty
  lower|reduce|lowering|reducing|eliminate ~3 interest|rate|rates|debt|bills|bill
  student_loan ~2 forgiveness|debt|relief
`;
